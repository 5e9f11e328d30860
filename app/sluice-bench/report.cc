// SPDX-License-Identifier: BSD-3-Clause
#include "report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace sluice::bench {
namespace {

double rounded(double value) {
    return std::round(value * 100) / 100;
}

/// "udp half random burst 32 flows 1024 workers 1": numbers after their names.
std::string text_of(const nlohmann::ordered_json& object) {
    std::string text;
    for (const auto& [key, value] : object.items()) {
        text += text.empty() ? "" : " ";
        text += value.is_string() ? value.get<std::string>() : key + " " + value.dump();
    }
    return text;
}

std::string text_of(const std::optional<Peer>& peer) {
    if (!peer)
        return "-";
    char text[80];
    std::snprintf(text, sizeof text, "%s %.1f (%.2fx)", peer->name.c_str(), peer->value,
                  peer->ratio);
    return text;
}

}  // namespace

double Samples::median() const {
    std::vector<double> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    const size_t middle = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

double Samples::least() const {
    return *std::min_element(values.begin(), values.end());
}

double Samples::most() const {
    return *std::max_element(values.begin(), values.end());
}

void Report::add(const Figure& figure) {
    missed_ += figure.target && !figure.reached ? 1 : 0;
    if (json_)
        print_json(figure);
    else
        print_line(figure);
    std::fflush(stdout);
}

void Report::end() const {
    if (!json_)
        std::printf("%u of the targets missed\n", missed_);
}

void Report::print_line(const Figure& figure) {
    if (!has_title_)
        std::printf("%-58s %10s %21s %-30s %8s %-8s %-24s %s\n", "case", "median", "least - most",
                    "unit", "target", "", "peer", "for context");
    has_title_ = true;
    std::printf("%-58s %10.4g %10.4g-%10.4g %-30s", text_of(figure.of).c_str(),
                figure.ours.median(), figure.ours.least(), figure.ours.most(), figure.unit.c_str());
    if (figure.target)
        std::printf(" %8.4g %-8s", *figure.target, figure.reached ? "reached" : "MISSED");
    else
        std::printf(" %8s %-8s", "-", "");
    std::printf(" %-24s %s\n", text_of(figure.peer).c_str(), text_of(figure.context).c_str());
}

void Report::print_json(const Figure& figure) {
    nlohmann::ordered_json line;
    line["bench"] = bench_;
    line["case"] = figure.of;
    line["value"] = rounded(figure.ours.median());
    line["unit"] = figure.unit;
    line["min"] = rounded(figure.ours.least());
    line["max"] = rounded(figure.ours.most());
    line["rounds"] = figure.ours.values.size();
    line["peer"] = nullptr;
    line["ratio"] = nullptr;
    if (figure.peer) {
        line["peer"] = figure.peer->name;
        line["ratio"] = rounded(figure.peer->ratio);
    }
    line["target"] = nullptr;
    line["reached"] = nullptr;
    if (figure.target) {
        line["target"] = *figure.target;
        line["reached"] = figure.reached;
    }
    if (figure.context)
        line["context"] = {{"peer", figure.context->name},
                           {"value", rounded(figure.context->value)},
                           {"ratio", rounded(figure.context->ratio)}};
    std::printf("%s\n", line.dump().c_str());
}

}  // namespace sluice::bench
