// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Requests: from the words of a command line to what is asked of the gateway.
///
/// Errors   None: the words have been checked (args.h).

#include "sluicectl/args.h"

#include <map>
#include <string>
#include <vector>

namespace sluicectl {

/// That of the service where there is one, else that of a sluice started by hand.
std::string default_socket();

/// What the words of the command line are read into.
struct Words {
    std::string socket = default_socket();
    std::map<std::string, std::string> filters;
    bool count = false;
    bool remove = false;
    bool json = false;
    bool timestamps = false;
    std::vector<std::string> output_words;  // of /v1/events
    bool all_flows = false;
    bool all_drops = false;
    std::string top;
    std::string by;
    std::string file;
    bool dry_run = false;
    std::string role;
    std::map<std::string, std::string> packets;  // which, and how many: /v1/capture, /v1/trace
    bool coming = false;
    bool leaving = false;
    bool both = false;
    std::string output = "-";
    std::map<std::string, std::string> question;  // the packet of /v1/why
    std::string packet_file;
    bool replay = false;
    std::string replay_config;
    bool replay_defaults = false;
    std::string endpoint;  // the public one of /v1/who
    std::string at;
    std::vector<std::string> logs;
    bool once = false;
    unsigned interval = 1;
    std::string group = "packets";  // of /v1/history, as what follows
    std::string since;
    std::string step;
};

Request flows_request(const Words& words);
Request events_request(const Words& words);
Request packets_request(const Words& words, const std::string& path);
Request capture_request(const Words& words);
Request why_request(const Words& words);
Request who_request(const Words& words);
Request stats_request(const Words& words);
Request top_request(const Words& words, const std::string& path);
Request top_view(const Words& words);
Request history_request(const Words& words);
Request reload_request(const Words& words);
Request role_request(const Words& words);

}  // namespace sluicectl
