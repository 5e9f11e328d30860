// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Report: what a benchmark has measured, as a table for people or as one JSON object a line.

#include <cstdint>
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
    std::string operation;
    uint32_t flows = 0;
    unsigned load = 0;  ///< Percent.
    std::string unit;
    Samples ours;
    std::optional<Peer> peer;
    std::optional<Peer> context;  ///< A second peer, without a target.
    double target = 0;  ///< Of the ratio where there is a peer, else of the value; 0: none.
    bool reached = false;
};

class Report {
public:
    Report(const char* bench, bool json) : bench_(bench), json_(json) {}

    /// Prints a figure at once.
    void add(const Figure& figure);
    unsigned missed() const { return missed_; }

private:
    void print_line(const Figure& figure);
    void print_json(const Figure& figure);

    const char* bench_;
    bool json_;
    bool has_title_ = false;
    unsigned missed_ = 0;
};

}  // namespace sluice::bench
