// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_sync.h"

#include "net/text.h"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::config {
namespace {

using std::string_view;

constexpr const char* kForm =
    "listen=ADDRESS:PORT and peer=ADDRESS:PORT are wanted, with IPv4 addresses in digits, and "
    "priority=, 1 to 255, if it is not 100, as in "
    "listen=192.0.2.1:3780,peer=192.0.2.2:3780,priority=150";

std::optional<net::Endpoint> parse_endpoint(string_view text) {
    constexpr uint32_t kMulticast = 0xe0000000;
    const size_t colon = text.rfind(':');
    if (colon == string_view::npos)
        return std::nullopt;
    const auto address = net::parse_address(text.substr(0, colon));
    const auto port = parse_transport_port(text.substr(colon + 1));
    if (!address || !port || address->raw == 0 || address->host() >= kMulticast)
        return std::nullopt;
    return net::Endpoint{*address, *port};
}

std::optional<uint8_t> parse_priority(string_view text) {
    uint8_t priority = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), priority);
    if (error != std::errc{} || end != text.data() + text.size() || priority == 0)
        return std::nullopt;
    return priority;
}

template <typename T>
bool store(const std::optional<T>& read, std::optional<T>& place) {
    if (!read || place)  // wrong, or twice
        return false;
    place = read;
    return true;
}

}  // namespace

Result<Sync> read_sync(const Given& given) {
    std::optional<net::Endpoint> listen;
    std::optional<net::Endpoint> peer;
    std::optional<uint8_t> priority;
    for (const std::string& item : items_of(given)) {
        const string_view text = item;
        const size_t equals = text.find('=');
        const string_view key = text.substr(0, equals);
        const string_view value = equals == string_view::npos ? "" : text.substr(equals + 1);
        const bool is_good = key == "listen"     ? store(parse_endpoint(value), listen)
                             : key == "peer"     ? store(parse_endpoint(value), peer)
                             : key == "priority" ? store(parse_priority(value), priority)
                                                 : false;
        if (!is_good)
            return wrong(given.flag, item, kForm);
    }
    if (!listen || !peer)
        return wrong(given.flag, given.words.front(), kForm);
    return Sync{*listen, *peer, priority.value_or(Sync{}.priority)};
}

Status check_sync(const Config& config) {
    if (!config.sync) {
        if (!config.sync_key.empty())
            return wrong("sync-key", config.sync_key, "it is for --sync, which is not given");
        if (config.role == Role::Standby)
            return wrong("role", "standby", "a gateway stands by for another: --sync says which");
        return Done{};
    }
    if (config.sync_key.empty())
        return Error{"--sync: --sync-key FILE is wanted too, the same in both gateways"};
    return Done{};
}

}  // namespace sluice::config
