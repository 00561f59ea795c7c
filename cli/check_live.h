// oftwin check with a live switch as its subject: traces and generated scenarios over a socket.
#pragma once

#include "cli/check.h"
#include "cli/results.h"
#include "cli/until.h"
#include "harness/live/campaign.h"

namespace oftwin::cli {

// Whether `subject` names a switch at the other end of a socket.
bool is_live(const std::string& subject);

// How a campaign against it goes. Refers to `until`. throws UsageError, harness::ProfileError.
harness::live::CampaignOptions campaign_options(const CheckOptions& options, const Until& until);

// Every input and all generated scenarios, printed unless --json goes to standard output. throws UsageError.
CheckSummary check_live(const CheckOptions& options, const std::vector<std::string>& files, const Until& until);

}  // namespace oftwin::cli
