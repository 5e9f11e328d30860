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
#include <optional>
#include <string>
#include <vector>

namespace sluicectl {

class Screen {
public:
    enum class Key { None, Quit, Flows, Ports, Rate, Bytes, Filter, Resized };

    static sluice::Result<std::unique_ptr<Screen>> open();
    ~Screen();
    Screen(const Screen&) = delete;

    unsigned height() const;
    /// Rows from the top on, cut where there is no room, and one at the bottom.
    void show(const std::vector<std::string>& rows, const std::string& bottom);
    /// What is pressed before then; Quit, too, when the terminal has gone.
    Key wait(std::chrono::steady_clock::time_point until);
    /// What is typed at the bottom behind `prompt`, up to Enter. Nothing when Escape gives it up,
    /// or when the terminal has gone, which wait() says.
    std::optional<std::string> read_line(const std::string& prompt);

private:
    struct Terminal;
    explicit Screen(std::unique_ptr<Terminal> terminal);
    static void show_bottom(const std::string& text);

    std::unique_ptr<Terminal> terminal_;
};

}  // namespace sluicectl
