// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Args: what an operator asks of the gateway, read from the command line.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sluicectl {

/// A request to the control socket.
struct Request {
    enum class Method { Get, Post, Delete };

    std::string socket = {};
    Method method = Method::Get;
    std::string path = {};
    std::multimap<std::string, std::string> query = {};
    bool is_stream = false;                ///< The answer goes on for as long as somebody wants it.
    std::optional<std::string> file = {};  ///< In place of all else: a file to be checked here.
    std::optional<std::string> capture = {};  ///< The answer is one, for this file; "-": stdout.
    std::optional<std::string> packets = {};  ///< It is about each packet of this file; "-": stdin.
    /// Of each packet of that file, by those before it.
    struct Replay {
        std::string file;           ///< A configuration that says timeouts and switches; none: "".
        bool is_by_itself = false;  ///< They are those of the start: no gateway is asked.
        bool is_json = false;
    };
    std::optional<Replay> replay = {};

    /// Of the view of all figures.
    struct Top {
        bool is_once = false;
        std::chrono::seconds interval{1};
    };
    std::optional<Top> top = {};  ///< In place of a path.

    /// Of a public endpoint, and who had it once.
    struct Past {
        std::string endpoint;
        std::string at;
        std::vector<std::string> files;
        bool is_json = false;
    };
    std::optional<Past> past = {};  ///< In place of all else: no gateway is asked.
};

/// Reads the command line. Prints help, the version or what is wrong with it, and ends the program,
/// with 2 when it is wrong.
Request parse_args(int argc, char** argv);

}  // namespace sluicectl
