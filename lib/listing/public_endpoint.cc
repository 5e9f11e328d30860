// SPDX-License-Identifier: BSD-3-Clause
#include "listing/public_endpoint.h"

#include "listing/flow_filter.h"
#include "listing/tuple_text.h"
#include "net/text.h"

#include <charconv>

namespace sluice::listing {

Result<PublicEndpoint> PublicEndpoint::parse(std::string_view text) {
    const Error wrong{std::string(text) +
                      " is not ADDRESS[:PORT][/PROTOCOL], such as 198.51.100.1:4000/tcp."};
    PublicEndpoint result;
    std::string_view rest = text;
    if (const size_t slash = rest.find('/'); slash != std::string_view::npos) {
        auto filter = FlowFilter::parse({{"proto", std::string(rest.substr(slash + 1))}});
        if (!filter)
            return Error{std::string(text) + ": " + filter.error().message};
        result.protocol = filter->protocol;
        rest = rest.substr(0, slash);
    }
    if (const size_t colon = rest.find(':'); colon != std::string_view::npos) {
        uint16_t port = 0;
        const char* const end = rest.data() + rest.size();
        const auto [read_to, error] = std::from_chars(rest.data() + colon + 1, end, port);
        if (error != std::errc{} || read_to != end)
            return wrong;
        result.port = port;
        rest = rest.substr(0, colon);
    }
    const auto address = net::parse_address(rest);
    if (!address)
        return wrong;
    if (result.port && result.protocol && net::is_by_address(*result.protocol))
        return Error{std::string(text) + ": " + protocol_text(*result.protocol) + " has no ports."};
    result.address = *address;
    return result;
}

std::string to_string(const PublicEndpoint& endpoint) {
    return net::to_string(endpoint.address) +
           (endpoint.port ? ':' + std::to_string(*endpoint.port) : "") +
           (endpoint.protocol ? '/' + protocol_text(*endpoint.protocol) : "");
}

}  // namespace sluice::listing
