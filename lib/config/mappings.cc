// SPDX-License-Identifier: BSD-3-Clause
#include "config/mappings.h"

#include "config/addresses.h"
#include "config/read.h"
#include "net/text.h"

#include <algorithm>
#include <string>

namespace sluice::config {
namespace {

using pool::Forward;
using pool::OneToOne;
using std::string;

string endpoint_text(const net::Endpoint& endpoint) {
    return net::to_string(endpoint.address) + ':' + std::to_string(endpoint.port.host());
}

/// Why an inside host cannot be given `external`; empty where it can.
string why_not(const Config& config, const Networks& networks, Be32 external, Be32 internal) {
    if (const string why = networks.why_not_public({external, external}); !why.empty())
        return "outside: " + why;
    if (internal == config.lan_address.address)
        return "inside: this is the address of --lan-address";
    if (!networks.is_served(internal))
        return "inside: the gateway does not serve this address";
    return {};
}

Status check_forwards(const Config& config, const Networks& networks) {
    for (auto forward = config.forwards.begin(); forward != config.forwards.end(); ++forward) {
        const string text = to_string(*forward);
        if (const string why =
                why_not(config, networks, forward->external.address, forward->internal.address);
            !why.empty())
            return wrong("forward", text, why);
        const auto twin = std::find_if(config.forwards.begin(), forward, [&](const Forward& other) {
            return other.protocol == forward->protocol && other.external == forward->external;
        });
        if (twin != forward)
            return wrong("forward", text, "the port is given away by " + to_string(*twin));
    }
    return Done{};
}

/// What else the external address of a pair is; empty where it is nothing else.
string what_else(const Config& config, const Networks& networks, Be32 external) {
    if (external == config.wan_address.address)
        return "this is the address of --wan-address";
    if (networks.is_in_pool(external))
        return "its outside address is in a pool";
    const auto forward =
        std::find_if(config.forwards.begin(), config.forwards.end(),
                     [&](const Forward& other) { return other.external.address == external; });
    return forward == config.forwards.end()
               ? string()
               : "its outside address is used by --forward " + to_string(*forward);
}

Status check_one_to_one(const Config& config, const Networks& networks) {
    const auto& pairs = config.one_to_one;
    for (auto pair = pairs.begin(); pair != pairs.end(); ++pair) {
        const string text = to_string(*pair);
        if (const string why = why_not(config, networks, pair->external, pair->internal);
            !why.empty())
            return wrong("one-to-one", text, why);
        if (const string what = what_else(config, networks, pair->external); !what.empty())
            return wrong("one-to-one", text, what);
        const auto twin = std::find_if(pairs.begin(), pair, [&](const OneToOne& other) {
            return other.external == pair->external || other.internal == pair->internal;
        });
        if (twin != pair)
            return wrong("one-to-one", text, "an address of it is in " + to_string(*twin));
    }
    return Done{};
}

}  // namespace

std::string to_string(const Forward& forward) {
    return (forward.protocol == net::Protocol::Tcp ? "tcp " : "udp ") +
           endpoint_text(forward.external) + " -> " + endpoint_text(forward.internal);
}

std::string to_string(const OneToOne& pair) {
    return net::to_string(pair.external) + " = " + net::to_string(pair.internal);
}

Status check_mappings(const Config& config, const Networks& networks) {
    if (Status status = check_forwards(config, networks); !status)
        return status;
    return check_one_to_one(config, networks);
}

}  // namespace sluice::config
