// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Report: what a benchmark has measured, as a table for people or as one JSON object a line.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace sluice::bench {

/// Several measurements of one thing; what is reported is the median.
struct Samples {
    std::vector<double> values;

    void add(double value) { values.push_back(value); }
    double median() const;
    double least() const;
    double most() const;
};

/// Another implementation of the same, measured in the same rounds.
struct Peer {
    std::string name;
    double value = 0;
    double ratio = 0;  ///< How many times as fast as this peer ours is.
};

struct Figure {
    nlohmann::ordered_json of;  ///< The case: an object of what it varies.
    std::string unit;
    Samples ours;
    std::optional<Peer> peer;
    std::optional<Peer> context;   ///< A second peer, without a target.
    std::optional<double> target;  ///< Of the median.
    bool reached = false;

    void at_most(double limit) { target = limit, reached = ours.median() <= limit; }
    void at_least(double limit) { target = limit, reached = ours.median() >= limit; }
};

class Report {
public:
    Report(const char* bench, bool json) : bench_(bench), json_(json) {}

    /// Prints a figure at once.
    void add(const Figure& figure);
    /// Tells people how many targets were missed.
    void end() const;

private:
    void print_line(const Figure& figure);
    void print_json(const Figure& figure);

    const char* bench_;
    bool json_;
    bool has_title_ = false;
    unsigned missed_ = 0;
};

}  // namespace sluice::bench
