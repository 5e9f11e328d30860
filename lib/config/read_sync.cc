// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_sync.h"

#include "net/text.h"

#include <algorithm>
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

constexpr const char* kAlone = "it is for --sync, which is not given";

std::optional<uint8_t> parse_priority(string_view text) {
    uint8_t priority = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), priority);
    if (error != std::errc{} || end != text.data() + text.size() || priority == 0)
        return std::nullopt;
    return priority;
}

bool is_in_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/// Of a name's parts, between its dots.
bool is_label(string_view text) {
    constexpr size_t kLongest = 63;
    return !text.empty() && text.size() <= kLongest && std::ranges::all_of(text, is_in_name);
}

bool is_dns_name(string_view text) {
    constexpr size_t kLongest = 253;
    if (text.size() > kLongest || net::parse_address(text))
        return false;
    for (size_t dot = text.find('.'); dot != string_view::npos; dot = text.find('.')) {
        if (!is_label(text.substr(0, dot)))
            return false;
        text.remove_prefix(dot + 1);
    }
    return is_label(text);
}

/// A flag that says by what the two know one another.
struct ProofFlag {
    string_view flag;
    const std::string& value;
};

/// Three files; and a secret that both have, by which they do the same without asking.
Status check_certificates(const Config& config) {
    const SyncCertificates& files = config.sync_certificates;
    const ProofFlag wanted[] = {
        {"sync-cert", files.chain}, {"sync-cert-key", files.key}, {"sync-ca", files.authority}};
    for (const ProofFlag& each : wanted)
        if (each.value.empty())
            return Error{"--sync: with certificates --" + std::string(each.flag) +
                         " FILE is wanted too"};
    if (config.sync_key.empty() && !config.address_key)
        return Error{
            "--sync-cert: --sync-key FILE or --address-key KEY is wanted too, the same in both "
            "gateways: by it both give a host the same address and number"};
    return Done{};
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
        const bool is_good = key == "listen"     ? store(parse_gateway_endpoint(value), listen)
                             : key == "peer"     ? store(parse_gateway_endpoint(value), peer)
                             : key == "priority" ? store(parse_priority(value), priority)
                                                 : false;
        if (!is_good)
            return wrong(given.flag, item, kForm);
    }
    if (!listen || !peer)
        return wrong(given.flag, given.words.front(), kForm);
    return Sync{*listen, *peer, priority.value_or(Sync{}.priority)};
}

Result<std::string> read_peer_name(const Given& given) {
    Result<std::string> word = read_word(given);
    if (word && !is_dns_name(*word))
        return wrong(given.flag, *word,
                     "the whole DNS name of the peer's certificate is wanted, as b.example.net");
    return word;
}

Status check_sync(const Config& config) {
    const SyncCertificates& files = config.sync_certificates;
    const ProofFlag certificates[] = {{"sync-cert", files.chain},
                                      {"sync-cert-key", files.key},
                                      {"sync-ca", files.authority},
                                      {"sync-peer-name", files.peer_name}};
    const auto is_said = [](const ProofFlag& each) { return !each.value.empty(); };
    const auto certificate = std::ranges::find_if(certificates, is_said);
    if (!config.sync) {
        if (certificate != std::end(certificates))
            return wrong(certificate->flag, certificate->value, kAlone);
        if (!config.sync_key.empty())
            return wrong("sync-key", config.sync_key, kAlone);
        if (config.role == Role::Standby)
            return wrong("role", "standby", "a gateway stands by for another: --sync says which");
        return Done{};
    }
    if (certificate != std::end(certificates))
        return check_certificates(config);
    if (config.sync_key.empty())
        return Error{
            "--sync: --sync-key FILE is wanted too, the same in both gateways, or certificates "
            "(--sync-cert, --sync-cert-key, --sync-ca)"};
    return Done{};
}

}  // namespace sluice::config
