// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_http_address.h"

#include "net/text.h"

#include <optional>
#include <string>
#include <string_view>

namespace sluice::config {
namespace {

constexpr uint32_t kLoopback = 0x7f000001;
constexpr uint32_t kMulticast = 0xe0000000;

}  // namespace

Result<HttpAddress> read_http_address(const Given& given) {
    const Result<std::string> word = read_word(given);
    if (!word)
        return word.error();
    const std::string_view text = *word;
    const size_t colon = text.rfind(':');
    const bool has_address = colon != std::string_view::npos;
    const std::optional<Be32> address =
        has_address ? net::parse_address(text.substr(0, colon)) : Be32::from_host(kLoopback);
    if (!address || address->host() >= kMulticast)
        return wrong(given.flag, *word,
                     "a port is wanted, which is then on 127.0.0.1, or an IPv4 address of this "
                     "machine, in digits, and a port, as in 192.0.2.1:9100");
    const auto port = parse_transport_port(has_address ? text.substr(colon + 1) : text);
    if (!port)
        return wrong(given.flag, *word,
                     "a port from 1 to 65535 is wanted, alone or at the end, as in 192.0.2.1:9100");
    return HttpAddress{*address, *port};
}

}  // namespace sluice::config
