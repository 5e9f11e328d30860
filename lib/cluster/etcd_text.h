// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Etcd text: requests and answers of a store as etcd's HTTP gateway has them: JSON, with keys and
/// values in base64, and numbers of 64 bits as strings.
///
/// Shape    Keys are PREFIX/node/NAME and PREFIX/address/A. What is not of that form is nobody's,
///          and passed over.
/// Threads  Any.
/// Errors   Whatever is no answer that is understood is none: the request may have come true.
/// Source   https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway; etcd's rpc.proto.

#include "cluster/store.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cluster {

/// Whose words they are.
struct Speaker {
    std::string prefix = "sluice";
    std::string name;
    std::chrono::seconds ttl{5};
};

/// What is posted, and where.
struct Post {
    std::string path;
    std::string body;
};

Post post_of(const Request& request, const Speaker& speaker);
Answer answer_of(const Request& request, int status, std::string_view body, const Speaker& speaker);

/// To be told of all keys from that revision on.
Post watch_from(Revision revision, const Speaker& speaker);

/// One line of what is told then.
struct Told {
    bool is_over = false;  ///< No further line comes.
    bool is_late = false;  ///< What was asked for is forgotten: all is to be read.
    std::vector<News> news = {};

    bool operator==(const Told&) const = default;
};
/// Nothing for what is not understood.
std::optional<Told> told(std::string_view line, const Speaker& speaker);

/// As RFC 4648 §4 has it, with its padding.
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

}  // namespace sluice::cluster
