// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Question: a request to the gateway, as far as all paths read it alike, and how it is refused.
///
/// Errors   What cannot be read is one sentence.

#include "base/result.h"
#include "listing/flow_filter.h"
#include "listing/flow_list.h"

#include <httplib.h>
#include <optional>
#include <string>

namespace sluice::command {

/// What a client may do: each has what stands below it.
enum class Access {
    Web,   ///< Ask what the page needs: whoever comes by --http.
    Read,  ///< Ask, and change nothing.
    All,
};

struct Question {
    listing::Query query;  ///< Without format.
    listing::Format format = listing::Format::Text;
    Access access = Access::Read;
    std::string accept = {};  ///< The header of that name.
};

/// ?format= decides, then the Accept header; text when neither says anything.
Result<Question> read_question(const httplib::Request& request, Access access);

/// Takes a word out of the query; nothing when it is not there.
std::optional<std::string> take(listing::Query& query, const std::string& name);

enum HttpStatus : int {
    kOk = 200,
    kBadRequest = 400,
    kForbidden = 403,
    kNotFound = 404,
    kMethodNotAllowed = 405,
    kConflict = 409,
    kMisdirected = 421,
    kUnavailable = 503,
};

const char* content_type(listing::Format format);
void refuse(httplib::Response& response, listing::Format format, int status,
            const std::string& sentence);

}  // namespace sluice::command
