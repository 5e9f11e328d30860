// SPDX-License-Identifier: BSD-3-Clause
#include "why/quota_answer.h"

#include "nat/ranking.h"

#include <vector>

namespace sluice::why {

hosts::Answer ask_host(const worker::Shared& shared, const policy::Policy& policy,
                       const nat::Request& request, Tick now) {
    if (request.is_inward())
        return hosts::Answer::Admitted;
    hosts::Limits limits = request.limits(policy.host_limits);
    // The flow that is over is the same host's, and counts no more.
    if (request.ended != nat::kNoRecord && limits.flows != 0)
        ++limits.flows;
    return shared.hosts.would_admit(request.original.inside_source(), limits, now);
}

bool is_at_limit(const worker::Shared& shared, const policy::Policy& policy,
                 const nat::Request& request, Tick now) {
    const hosts::Limits limits = request.limits(policy.host_limits);
    const net::InsideAddress host = request.original.inside_source();
    return limits.flows == 1 ||
           (limits.flows != 0 &&
            shared.hosts.would_admit(host, {limits.flows - 1, 0}, now) != hosts::Answer::Admitted);
}

QuotaAnswer ask_quotas(const worker::Shared& shared, const policy::Policy& policy,
                       const nat::Request& request, Tick now, const Arrival& arrival) {
    const hosts::PrefixKeys& keys = shared.quotas.prefix_keys();
    hosts::QuotaRequest quota = request.quota(policy, keys);
    if (arrival.ipv6 && !request.is_inward() && quota.most_of_prefix != 0)
        quota.prefix = keys.of(arrival.ipv6->headers.source, policy.quotas.inside_prefix6.length);
    std::vector<uint32_t> gone;
    if (request.ended != nat::kNoRecord)
        gone.push_back(request.ended);
    const hosts::Refusal refusal = shared.quotas.would_charge(quota, now, gone);
    const auto what = hosts::used_up(quota, refusal);
    if (!what)
        return {refusal};
    nat::Ranking ranking(shared.table, shared.hosts);
    const auto victim =
        ranking.choose_counted(request.original, *what, shared.quotas, now, request.ended);
    if (!victim)
        return {refusal};
    gone.push_back(victim->index);
    return {shared.quotas.would_charge(quota, now, gone), victim->index};
}

}  // namespace sluice::why
