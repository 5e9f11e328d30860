// SPDX-License-Identifier: BSD-3-Clause
#include "command/openmetrics.h"

#include <algorithm>
#include <charconv>

namespace sluice::command {
namespace {

using std::string_view;

string_view trimmed(string_view text) {
    const size_t first = text.find_first_not_of(" \t");
    if (first == string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// What stands before the next `separator`; it is taken off with it.
string_view take_part(string_view& text, char separator) {
    const size_t end = std::min(text.find(separator), text.size());
    const string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return part;
}

/// "q=0.75" in thousandths; 1000 where nothing is said, 0 where that cannot be read.
unsigned quality_of(string_view parameters) {
    while (!parameters.empty()) {
        string_view parameter = trimmed(take_part(parameters, ';'));
        if (!parameter.starts_with("q=") && !parameter.starts_with("Q="))
            continue;
        parameter.remove_prefix(2);
        double quality = 0;
        std::from_chars(parameter.data(), parameter.data() + parameter.size(), quality);
        return static_cast<unsigned>(std::clamp(quality, 0.0, 1.0) * 1000);
    }
    return 1000;
}

/// The best that is said of a media type; 0 where it is not named.
unsigned quality_of(string_view accept, string_view type) {
    unsigned best = 0;
    while (!accept.empty()) {
        string_view range = take_part(accept, ',');
        if (trimmed(take_part(range, ';')) == type)
            best = std::max(best, quality_of(range));
    }
    return best;
}

constexpr string_view kTotal = "_total";

/// "# TYPE sluice_x_total counter" names the family sluice_x.
void add_comment(std::string& out, string_view line) {
    string_view rest = line;
    const string_view mark = take_part(rest, ' ');
    const string_view keyword = take_part(rest, ' ');
    string_view name = take_part(rest, ' ');
    if (name.ends_with(kTotal))
        name.remove_suffix(kTotal.size());
    out.append(mark).append(" ").append(keyword).append(" ").append(name).append(" ").append(rest);
}

/// {le="4"} is {le="4.0"}.
void add_sample(std::string& out, string_view line) {
    constexpr string_view kBound = "le=\"";
    const size_t bound = line.find(kBound);
    if (line.find("_bucket{") == string_view::npos || bound == string_view::npos) {
        out.append(line);
        return;
    }
    const size_t end = line.find('"', bound + kBound.size());
    const string_view number = line.substr(bound + kBound.size(), end - bound - kBound.size());
    out.append(line.substr(0, end));
    if (number.find_first_not_of("0123456789") == string_view::npos)
        out.append(".0");
    out.append(line.substr(end));
}

}  // namespace

bool prefers_openmetrics(string_view accept) {
    const unsigned quality = quality_of(accept, "application/openmetrics-text");
    return quality != 0 && quality >= quality_of(accept, "text/plain");
}

std::string to_openmetrics(string_view text) {
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const string_view line = take_part(text, '\n');
        if (line.starts_with('#'))
            add_comment(result, line);
        else
            add_sample(result, line);
        result += '\n';
    }
    return result + "# EOF\n";
}

}  // namespace sluice::command
