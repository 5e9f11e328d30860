// SPDX-License-Identifier: BSD-3-Clause
#include "command/question.h"

#include <nlohmann/json.hpp>

namespace sluice::command {
namespace {

using listing::Format;
using listing::Query;

constexpr const char* kText = "text/plain; charset=utf-8";
constexpr const char* kJson = "application/json";

Result<Format> take_format(Query& query, const httplib::Request& request) {
    const auto format = take(query, "format");
    if (!format)
        return request.get_header_value("Accept").find(kJson) == std::string::npos ? Format::Text
                                                                                   : Format::Json;
    if (*format != "text" && *format != "json")
        return Error{"format=" + *format + " is neither text nor json."};
    return *format == "text" ? Format::Text : Format::Json;
}

}  // namespace

Result<Question> read_question(const httplib::Request& request, Access access) {
    Question question{Query(request.params.begin(), request.params.end()), Format::Text, access};
    const auto format = take_format(question.query, request);
    if (!format)
        return format.error();
    question.format = *format;
    return question;
}

std::optional<std::string> take(Query& query, const std::string& name) {
    const auto found = query.find(name);
    if (found == query.end())
        return std::nullopt;
    std::string value = found->second;
    query.erase(found);
    return value;
}

const char* content_type(Format format) {
    return format == Format::Text ? kText : kJson;
}

void refuse(httplib::Response& response, Format format, int status, const std::string& sentence) {
    response.status = status;
    if (format == Format::Json)
        response.set_content(nlohmann::json{{"error", sentence}}.dump(
                                 -1, ' ', false, nlohmann::json::error_handler_t::replace) +
                                 "\n",
                             kJson);
    else
        response.set_content(sentence + "\n", kText);
}

}  // namespace sluice::command
