// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/top_rows.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <map>
#include <tuple>

namespace sluicectl {
namespace {

using nlohmann::json;
using std::string;

json list_in(const json& from, const char* name) {
    return from.is_object() && from.contains(name) ? from[name] : json();
}

/// Empty where it is no array.
json rows_of(const json& list) {
    return list.is_array() ? list : json::array();
}

uint64_t number_in(const json& from, const char* name) {
    const json value = list_in(from, name);
    return value.is_number_unsigned() ? value.get<uint64_t>() : 0;
}

string text_in(const json& from, const char* name) {
    const json value = list_in(from, name);
    return value.is_string() ? value.get<string>() : "";
}

/// Flush right.
string cell(const string& text, size_t width) {
    return string(width - std::min(width, text.size()), ' ') + text;
}

string cell(uint64_t number, size_t width = 12) {
    return cell(std::to_string(number), width);
}

/// Flush left.
string name_cell(string text, size_t width) {
    text.resize(std::max(width, text.size()), ' ');
    return text;
}

constexpr size_t kNameWidth = 18;  ///< Of a host without IPv6.
constexpr size_t kBytesWidth = 16;
constexpr const char* kBytesHead = "       bytes out        bytes in";

class Rows {
public:
    Rows(const Reading& before, const Reading& now, size_t most, const RowFilter& filter)
        : before_(before), now_(now), most_(most), filter_(filter) {}

    std::vector<string> take() {
        add_summary();
        add_interfaces();
        add_workers();
        add_loads();
        add_drops();
        add_hosts();
        add_pressure();
        return std::move(rows_);
    }

private:
    /// In a second.
    uint64_t rate(uint64_t before, uint64_t now) const {
        const double seconds = std::chrono::duration<double>(now_.at - before_.at).count();
        const uint64_t count = now >= before ? now - before : now;
        return seconds > 0 ? static_cast<uint64_t>(double(count) / seconds + 0.5) : 0;
    }
    uint64_t rate(const json& before, const json& now, const char* name) const {
        return rate(number_in(before, name), number_in(now, name));
    }

    void add_summary() {
        rows_.push_back("sluice " + text_in(now_.stats, "version") + link_text() + role_text());
        const json before = list_in(before_.stats, "packets");
        const json now = list_in(now_.stats, "packets");
        rows_.push_back("packets/s  received" + cell(rate(before, now, "received"), 10) +
                        "  transmitted" + cell(rate(before, now, "transmitted"), 10) + "  dropped" +
                        cell(rate(before, now, "dropped"), 10));
        const json flows = list_in(now_.stats, "flows");
        const uint64_t live = number_in(flows, "live");
        const uint64_t capacity = number_in(flows, "capacity");
        std::array<char, 16> percent{};
        std::snprintf(percent.data(), percent.size(), "%.1f %%",
                      capacity == 0 ? 0 : 100.0 * double(live) / double(capacity));
        rows_.push_back("flows      " + std::to_string(live) + " of " + std::to_string(capacity) +
                        " (" + percent.data() + ")  new/s" +
                        cell(rate(list_in(before_.stats, "events"), list_in(now_.stats, "events"),
                                  "flows_opened"),
                             9) +
                        "  packets held" + cell(number_in(now, "held"), 7) + full_text(flows));
    }

    /// In how many seconds there is no room any more; empty while it does not fill.
    static string full_text(const json& from) {
        const json seconds = list_in(from, "full_in");
        return seconds.is_number_unsigned() ? "  full in " + seconds.dump() + " s" : "";
    }
    /// Of those whose ports run short.
    string full_text_of(const json& port) const {
        for (const json& full : rows_of(list_in(now_.stats, "full_ports")))
            if (text_in(full, "address") == text_in(port, "address") &&
                text_in(full, "protocol") == text_in(port, "protocol") &&
                text_in(full, "destination") == text_in(port, "destination"))
                return full_text(full);
        return "";
    }

    /// Ports without a link are what matters.
    string link_text() const {
        string text;
        for (const json& port : list_in(now_.stats, "ports"))
            text += "  " + text_in(port, "port") +
                    (list_in(port, "link") == json(true) ? " up" : " DOWN");
        return text;
    }

    /// Empty where the gateway is not one of two.
    string role_text() const {
        const string text = text_in(list_in(now_.stats, "pair"), "text");
        return text.empty() ? "" : "  " + text;
    }

    /// A line for each of a list, from what it was before and is now.
    template <typename Row>
    void add_table(const char* list, const char* head, Row row) {
        const json befores = rows_of(list_in(before_.stats, list));
        const json nows = rows_of(list_in(now_.stats, list));
        rows_.push_back("");
        rows_.push_back(head);
        for (size_t i = 0; i < std::min(nows.size(), most_); ++i)
            rows_.push_back(row(i < befores.size() ? befores[i] : json(), nows[i]));
    }

    void add_workers() {
        add_table(
            "workers", "worker      received/s  transmitted/s   dropped/s  handoffs/s new flows/s",
            [this](const json& before, const json& now) {
                return name_cell(std::to_string(number_in(now, "worker")), 10) +
                       cell(rate(before, now, "received")) +
                       cell(rate(before, now, "transmitted"), 15) +
                       cell(rate(before, now, "dropped")) + cell(rate(before, now, "handoff")) +
                       cell(rate(before, now, "flows_opened"));
            });
    }

    void add_interfaces() {
        add_table("interfaces",
                  "interface     packets/s in         bit/s in  packets/s out        bit/s out",
                  [this](const json& before, const json& now) {
                      string row = name_cell(text_in(now, "interface"), 10);
                      for (const char* way : {"in", "out"}) {
                          const json then = list_in(before, way);
                          const json here = list_in(now, way);
                          row += cell(rate(then, here, "packets"), 15) +
                                 cell(8 * rate(then, here, "bytes"), 17);
                      }
                      return row;
                  });
    }

    /// The time that busy turns took, of the time that has passed.
    void add_loads() {
        constexpr uint64_t kInPercent = 10'000'000;  // nanoseconds of a second
        add_table("workers",
                  "worker         busy %   turns/s  with packets  cycles/packet  turn p99.9 us",
                  [this](const json& before, const json& now) {
                      return name_cell(std::to_string(number_in(now, "worker")), 10) +
                             cell(rate(before, now, "busy_ns") / kInPercent, 11) +
                             cell(rate(before, now, "turns"), 10) + cell(share(before, now), 14) +
                             cell(cycles_per_packet(before, now), 15) +
                             cell(longest(before, now), 15);
                  });
    }

    /// Of turns, those that found packets: "25 %".
    static string share(const json& before, const json& now) {
        const uint64_t turns = since(before, now, "turns");
        const uint64_t busy = since(before, now, "busy_turns");
        return std::to_string(turns == 0 ? 0 : 100 * busy / turns) + " %";
    }
    uint64_t cycles_per_packet(const json& before, const json& now) const {
        const uint64_t packets = since(before, now, "received") + since(before, now, "taken");
        const double cycles = double(since(before, now, "busy_ns")) / 1e9 *
                              double(number_in(now_.stats, "cycles_per_second"));
        return packets == 0 ? 0 : static_cast<uint64_t>(cycles / double(packets));
    }
    /// What 99.9 % of the busy turns between the readings took less than; "-" where there are none.
    static string longest(const json& before, const json& now) {
        std::map<uint64_t, uint64_t> times = times_in(now);
        for (const auto& [bound, count] : times_in(before))
            if (const auto found = times.find(bound); found != times.end())
                found->second -= std::min(found->second, count);
        uint64_t total = 0;
        for (const auto& [bound, count] : times)
            total += count;
        uint64_t shorter = 0;
        for (const auto& [bound, count] : times)
            if ((shorter += count) * 1000.0 >= 999.0 * double(total) && shorter != 0)
                return std::to_string(bound / 1000);
        return "-";
    }
    static std::map<uint64_t, uint64_t> times_in(const json& worker) {
        std::map<uint64_t, uint64_t> times;
        for (const json& pair : rows_of(list_in(worker, "turn_ns")))
            if (pair.is_array() && pair.size() == 2 && pair[0].is_number_unsigned() &&
                pair[1].is_number_unsigned())
                times[pair[0].get<uint64_t>()] = pair[1].get<uint64_t>();
        return times;
    }
    static uint64_t since(const json& before, const json& now, const char* name) {
        const uint64_t then = number_in(before, name);
        const uint64_t count = number_in(now, name);
        return count >= then ? count - then : count;
    }

    void add_drops() {
        const json befores = list_in(before_.stats, "drops");
        const json nows = list_in(now_.stats, "drops");
        std::vector<std::tuple<uint64_t, uint64_t, string>> drops;
        for (const auto& [reason, count] : nows.items())
            if (const uint64_t total = number_in(nows, reason.c_str());
                total != 0 && filter_.wants_reason(reason))
                drops.emplace_back(rate(befores, nows, reason.c_str()), total, reason);
        std::ranges::sort(drops, std::greater());
        rows_.push_back("");
        rows_.push_back("drops                                   /s       total");
        for (size_t i = 0; i < std::min(drops.size(), most_); ++i) {
            const auto& [rate, total, reason] = drops[i];
            rows_.push_back(name_cell(reason, 30) + cell(rate) + cell(total));
        }
    }

    void add_hosts() {
        rows_.push_back("");
        const std::vector<json> hosts = wanted(now_.hosts, {"host"});
        const bool is_counted = std::ranges::any_of(
            hosts, [](const json& host) { return list_in(host, "out").is_object(); });
        size_t width = kNameWidth;
        for (const json& host : hosts)
            width = std::max(width, text_in(host, "host").size());
        rows_.push_back(name_cell("host", width) + (is_counted ? kBytesHead : "") +
                        "       flows   half_open       ports new flows/s     refused");
        for (const json& host : hosts) {
            const uint64_t zone = number_in(host, "zone");
            rows_.push_back(name_cell(text_in(host, "host"), width) +
                            (is_counted ? bytes_cells(host) : "") + cell(number_in(host, "flows")) +
                            cell(number_in(host, "half_open")) + cell(number_in(host, "ports")) +
                            cell(number_in(host, "rate")) + cell(number_in(host, "refused")) +
                            (zone == 0 ? "" : "  zone=" + std::to_string(zone)));
        }
    }

    /// With --accounting: since the start.
    static string bytes_cells(const json& host) {
        return cell(number_in(list_in(host, "out"), "bytes"), kBytesWidth) +
               cell(number_in(list_in(host, "in"), "bytes"), kBytesWidth);
    }

    /// Of the list's rows the first ones of which one of these ends is wanted.
    std::vector<json> wanted(const json& list, std::initializer_list<const char*> ends) const {
        std::vector<json> rows;
        for (const json& row : rows_of(list))
            if (rows.size() < most_ && std::ranges::any_of(ends, [&](const char* end) {
                    return filter_.wants_end(text_in(row, end));
                }))
                rows.push_back(row);
        return rows;
    }

    void add_pressure() {
        rows_.push_back("");
        rows_.push_back("ports of                  used        left  protocol  destination");
        for (const json& port : wanted(now_.ports, {"address", "destination"}))
            rows_.push_back(name_cell(text_in(port, "address"), 18) +
                            cell(number_in(port, "used")) + cell(number_in(port, "left")) + "  " +
                            name_cell(text_in(port, "protocol"), 10) +
                            text_in(port, "destination") + full_text_of(port));
    }

    const Reading& before_;
    const Reading& now_;
    size_t most_;
    const RowFilter& filter_;
    std::vector<string> rows_;
};

}  // namespace

std::vector<string> top_rows(const Reading& before, const Reading& now, size_t most,
                             const RowFilter& filter) {
    return Rows(before, now, most, filter).take();
}

}  // namespace sluicectl
