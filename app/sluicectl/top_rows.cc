// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/top_rows.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
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

class Rows {
public:
    Rows(const Reading& before, const Reading& now, size_t most)
        : before_(before), now_(now), most_(most) {}

    std::vector<string> take() {
        add_summary();
        add_workers();
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
        rows_.push_back("sluice " + text_in(now_.stats, "version") + link_text());
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

    void add_workers() {
        const json befores = rows_of(list_in(before_.stats, "workers"));
        const json nows = rows_of(list_in(now_.stats, "workers"));
        rows_.push_back("");
        rows_.push_back(
            "worker      received/s  transmitted/s   dropped/s  handoffs/s new flows/s");
        for (size_t i = 0; i < std::min(nows.size(), most_); ++i) {
            const json before = i < befores.size() ? befores[i] : json();
            rows_.push_back(name_cell(std::to_string(number_in(nows[i], "worker")), 10) +
                            cell(rate(before, nows[i], "received")) +
                            cell(rate(before, nows[i], "transmitted"), 15) +
                            cell(rate(before, nows[i], "dropped")) +
                            cell(rate(before, nows[i], "handoff")) +
                            cell(rate(before, nows[i], "flows_opened")));
        }
    }

    void add_drops() {
        const json befores = list_in(before_.stats, "drops");
        const json nows = list_in(now_.stats, "drops");
        std::vector<std::tuple<uint64_t, uint64_t, string>> drops;
        for (const auto& [reason, count] : nows.items())
            if (const uint64_t total = number_in(nows, reason.c_str()); total != 0)
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
        rows_.push_back(
            "host                     flows   half_open       ports new flows/s     refused");
        const json hosts = rows_of(now_.hosts);
        for (size_t i = 0; i < std::min(hosts.size(), most_); ++i) {
            const json& host = hosts[i];
            const uint64_t zone = number_in(host, "zone");
            rows_.push_back(name_cell(text_in(host, "host"), 18) + cell(number_in(host, "flows")) +
                            cell(number_in(host, "half_open")) + cell(number_in(host, "ports")) +
                            cell(number_in(host, "rate")) + cell(number_in(host, "refused")) +
                            (zone == 0 ? "" : "  zone=" + std::to_string(zone)));
        }
    }

    void add_pressure() {
        rows_.push_back("");
        rows_.push_back("ports of                  used        left  protocol  destination");
        const json ports = rows_of(now_.ports);
        for (size_t i = 0; i < std::min(ports.size(), most_); ++i) {
            const json& port = ports[i];
            rows_.push_back(name_cell(text_in(port, "address"), 18) +
                            cell(number_in(port, "used")) + cell(number_in(port, "left")) + "  " +
                            name_cell(text_in(port, "protocol"), 10) +
                            text_in(port, "destination") + full_text_of(port));
        }
    }

    const Reading& before_;
    const Reading& now_;
    size_t most_;
    std::vector<string> rows_;
};

}  // namespace

std::vector<string> top_rows(const Reading& before, const Reading& now, size_t most) {
    return Rows(before, now, most).take();
}

}  // namespace sluicectl
