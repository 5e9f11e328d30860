// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Screen: the terminal, for as long as this object lives.
///
/// Threads  The one that made it.
/// Errors   open() says in one sentence why there is no terminal to be had.

#include "base/result.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace sluicectl {

class Screen {
public:
    enum class Key { None, Quit, Flows, Ports, Rate, Resized };

    static sluice::Result<std::unique_ptr<Screen>> open();
    ~Screen();
    Screen(const Screen&) = delete;

    unsigned height() const;
    /// Rows from the top on, cut where there is no room, and one at the bottom.
    void show(const std::vector<std::string>& rows, const std::string& bottom);
    /// What is pressed before then; Quit, too, when the terminal has gone.
    Key wait(std::chrono::steady_clock::time_point until);

private:
    struct Terminal;
    explicit Screen(std::unique_ptr<Terminal> terminal);

    std::unique_ptr<Terminal> terminal_;
};

}  // namespace sluicectl
