// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_collector.h"

#include "net/text.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::config {
namespace {

using std::string;
using std::string_view;

// Where syslog daemons listen: rsyslog, syslog-ng, and systemd's journal.
constexpr string_view kLocalSyslog = "/dev/log";

/// One of the addresses that a single machine can have.
bool is_of_one_host(Be32 address) {
    constexpr uint32_t kMulticast = 0xe0000000;
    return address.raw != 0 && address.host() < kMulticast;
}

/// Reads TRANSPORT:ADDRESS:PORT, the end of `word`, which looks like `example`.
Result<Collector> read_place(string_view flag, const string& word, string_view place,
                             const string& example) {
    const bool is_tcp = place.starts_with("tcp:");
    if (!is_tcp && !place.starts_with("udp:"))
        return wrong(flag, word, "udp: or tcp: is wanted, as in " + example);
    place.remove_prefix(4);
    const size_t colon = place.rfind(':');
    const auto address = net::parse_address(place.substr(0, colon));
    if (!address || !is_of_one_host(*address))
        return wrong(flag, word,
                     "the collector's IPv4 address is wanted, in digits (names are not looked "
                     "up), as in " +
                         example);
    const auto port =
        colon == string_view::npos ? std::nullopt : parse_transport_port(place.substr(colon + 1));
    if (!port)
        return wrong(flag, word, "a port from 1 to 65535 is wanted at the end, as in " + example);
    return Collector{is_tcp ? Transport::Tcp : Transport::Udp, *address, *port};
}

FlowLogTarget target_of(string_view flag, const string& word, LogForm form) {
    FlowLogTarget target;
    target.form = form;
    target.name = "--" + string(flag) + ' ' + word;
    return target;
}

/// Of `word`, in that form, at TRANSPORT:ADDRESS:PORT behind `prefix`.
Result<FlowLogTarget> read_remote(const Given& given, const string& word, LogForm form,
                                  string_view prefix) {
    const char* const port = form == LogForm::Ipfix      ? "4739"
                             : form == LogForm::Netflow9 ? "2055"
                                                         : "514";
    const auto collector = read_place(given.flag, word, string_view(word).substr(prefix.size()),
                                      string(prefix) + "udp:192.0.2.5:" + port);
    if (!collector)
        return collector.error();
    FlowLogTarget target = target_of(given.flag, word, form);
    target.collector = *collector;
    return target;
}

Result<FlowLogTarget> read_log_target(const Given& given, const string& word) {
    constexpr string_view kSyslog = "syslog:";
    if (word.starts_with(kSyslog))
        return read_remote(given, word, LogForm::Syslog, kSyslog);
    if (word == "syslog") {
        FlowLogTarget target = target_of(given.flag, word, LogForm::Syslog);
        target.collector.transport = Transport::Local;
        target.collector.path = kLocalSyslog;
        return target;
    }
    const bool is_json = word.starts_with("json:");
    if (!is_json && !word.starts_with("file:"))
        return wrong(given.flag, word, "json:/PATH, file:/PATH or syslog is wanted");
    FlowLogTarget target = target_of(given.flag, word, is_json ? LogForm::Json : LogForm::Text);
    target.collector.transport = Transport::File;
    target.collector.path = word.substr(5);
    if (!target.collector.path.starts_with('/') || target.collector.path.ends_with('/'))
        return wrong(given.flag, word, "the file's whole path is wanted, from a slash on");
    return target;
}

}  // namespace

Result<FlowLogTarget> read_ipfix(const Given& given) {
    const Result<string> word = read_word(given);
    if (!word)
        return word.error();
    return read_remote(given, *word, LogForm::Ipfix, "");
}

Result<FlowLogTarget> read_netflow9(const Given& given) {
    const Result<string> word = read_word(given);
    if (!word)
        return word.error();
    if ((*word).starts_with("tcp:"))
        return wrong(
            given.flag, *word,
            "NetFlow goes by UDP alone, as in udp:192.0.2.5:2055; --ipfix goes by TCP too");
    return read_remote(given, *word, LogForm::Netflow9, "");
}

Result<std::vector<FlowLogTarget>> read_log_flows(const Given& given) {
    std::vector<FlowLogTarget> targets;
    for (const string& word : items_of(given)) {
        auto target = read_log_target(given, word);
        if (!target)
            return target.error();
        const auto is_same = [&](const FlowLogTarget& other) {
            return other.collector == target->collector;
        };
        if (std::ranges::any_of(targets, is_same))
            return wrong(given.flag, word, "it is given twice");
        targets.push_back(std::move(*target));
    }
    return targets;
}

}  // namespace sluice::config
