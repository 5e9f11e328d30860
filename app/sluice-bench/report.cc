// SPDX-License-Identifier: BSD-3-Clause
#include "report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace sluice::bench {
namespace {

double rounded(double value) {
    return std::round(value * 100) / 100;
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
    missed_ += figure.reached || figure.target == 0 ? 0 : 1;
    if (json_)
        print_json(figure);
    else
        print_line(figure);
    std::fflush(stdout);
}

void Report::print_line(const Figure& figure) {
    if (!has_title_)
        std::printf("%-18s %8s %5s %8s %17s %-13s %7s %-8s %-24s %s\n", "operation", "flows",
                    "load", "median", "least - most", "unit", "target", "", "peer", "for context");
    has_title_ = true;
    std::printf("%-18s %8u %4u%% %8.1f %8.1f-%8.1f %-13s %7.4g %-8s %-24s %s\n",
                figure.operation.c_str(), figure.flows, figure.load, figure.ours.median(),
                figure.ours.least(), figure.ours.most(), figure.unit.c_str(), figure.target,
                figure.target == 0 ? ""
                : figure.reached   ? "reached"
                                   : "MISSED",
                text_of(figure.peer).c_str(), text_of(figure.context).c_str());
}

void Report::print_json(const Figure& figure) {
    nlohmann::ordered_json line;
    line["bench"] = bench_;
    line["case"] = {{"op", figure.operation}, {"flows", figure.flows}, {"load", figure.load}};
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
    if (figure.target != 0) {
        line["target"] = figure.target;
        line["reached"] = figure.reached;
    }
    if (figure.context)
        line["context"] = {{"peer", figure.context->name},
                           {"value", rounded(figure.context->value)},
                           {"ratio", rounded(figure.context->ratio)}};
    std::printf("%s\n", line.dump().c_str());
}

}  // namespace sluice::bench
