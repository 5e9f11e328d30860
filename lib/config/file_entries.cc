// SPDX-License-Identifier: BSD-3-Clause
#include "config/file_entries.h"

#include "config/flags.h"
#include "config/spelling.h"

#include <algorithm>
#include <map>
#include <optional>

namespace sluice::config {
namespace {

using std::string;
using std::string_view;

Error at(Place place, const string& what) {
    return Error{to_string(place) + ": " + what};
}

/// As a file has it.
string written(const Flag& flag) {
    return string(flag.name) + " = " + string(flag.value.empty() ? "true" : flag.value);
}

bool is_of_command_line(string_view name) {
    return name == "config" || name == "check" || name == "help" || name == "version";
}

string did_you_mean_flag(string_view name) {
    std::vector<string_view> names;
    for (const Flag& flag : flags())
        names.push_back(flag.name);
    return did_you_mean(name, names);
}

/// Of what stands in the place of a flag's name: up to a =, or the whole line where it has none.
Error no_flag(Place place, const string& text, bool has_equals) {
    constexpr string_view kDashes = "--";
    const string first = text.substr(0, text.find(' '));
    const bool has_dashes = first.starts_with(kDashes);
    const size_t begin = has_dashes ? kDashes.size() : 0;
    const string name = first.substr(begin, first.find(':', begin) - begin);
    const Flag* flag = find_flag(name);
    if (is_of_command_line(name))
        return at(place, name + ": it is for the command line alone");
    if (flag != nullptr && has_dashes)
        return at(place, first + ": in a file a flag has no dashes: " + written(*flag));
    string whole = has_equals ? text : first;
    std::replace(whole.begin(), whole.end(), ' ', '-');
    const string meant = did_you_mean_flag(string_view(whole).substr(begin));
    if (flag != nullptr && (!has_equals || meant.empty()))
        return at(place, name + ": a = is missing behind it: " + written(*flag));
    return at(place, (has_equals ? text : first) + ": there is no such flag" + meant);
}

/// Goes through the text, a character at a time.
class Cursor {
public:
    explicit Cursor(string_view text) : text_(text) {}

    bool is_at_end() const { return position_ == text_.size(); }
    /// A line feed at the end of the text too.
    char here() const { return is_at_end() ? '\n' : text_[position_]; }
    bool is_at_line_end() const { return here() == '\n'; }
    bool is_at_comment() const {
        return here() == '#' && (position_ == 0 || is_blank(text_[position_ - 1]));
    }
    Place place() const { return {line_, static_cast<unsigned>(position_ - line_start_) + 1}; }

    void step() {
        if (is_at_end())
            return;
        if (text_[position_++] == '\n') {
            ++line_;
            line_start_ = position_;
        }
    }
    void skip_blanks() {
        while (is_blank(here()) && !is_at_line_end())
            step();
    }
    void skip_line() {
        while (!is_at_line_end())
            step();
        step();
    }
    /// What stands up to one of `ends`, a comment or the end of the line, without blanks behind.
    string take_until(string_view ends) {
        const size_t first = position_;
        while (!is_at_line_end() && !is_at_comment() && ends.find(here()) == string_view::npos)
            step();
        string_view taken = text_.substr(first, position_ - first);
        while (!taken.empty() && is_blank(taken.back()))
            taken.remove_suffix(1);
        return string(taken);
    }

private:
    static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

    string_view text_;
    size_t position_ = 0;
    size_t line_start_ = 0;
    unsigned line_ = 1;
};

class Reader {
public:
    explicit Reader(string_view text) : cursor_(text) {}

    Result<std::vector<FileEntry>> read() {
        while (!cursor_.is_at_end()) {
            cursor_.skip_blanks();
            if (cursor_.is_at_line_end() || cursor_.here() == '#' || cursor_.here() == ';') {
                cursor_.skip_line();
                continue;
            }
            Status status = cursor_.here() == '[' ? read_section() : read_entry();
            if (status)
                status = end_line();
            if (!status)
                return status.error();
        }
        return std::move(entries_);
    }

private:
    Status read_section();
    Status read_entry();
    Status begin_entry(FileEntry& entry);
    Status read_value(FileEntry& entry, const Flag& flag);
    Status read_list(FileEntry& entry);
    Status read_quoted(FileEntry& entry);
    Status read_bare(FileEntry& entry, string_view ends);
    void skip_to_item();
    Status end_line();

    Cursor cursor_;
    string section_;                  // empty before the first
    std::map<string, Place> single_;  // flags of one value that are there, and where
    std::vector<FileEntry> entries_;
};

/// Nothing may follow but a comment.
Status Reader::end_line() {
    cursor_.skip_blanks();
    if (!cursor_.is_at_line_end() && cursor_.here() != '#')
        return at(cursor_.place(), "the end of the line is wanted here");
    cursor_.skip_line();
    return Done{};
}

Status Reader::read_section() {
    const Place place = cursor_.place();
    cursor_.step();
    const string name = cursor_.take_until("]");
    if (cursor_.here() != ']')
        return at(place, "[" + name + ": a ] is missing");
    cursor_.step();
    std::vector<string_view> names;
    std::vector<string> sections;
    for (const Flag& flag : flags())
        sections.push_back(section_of(flag));
    names.assign(sections.begin(), sections.end());
    if (std::find(names.begin(), names.end(), name) == names.end())
        return at(place, "[" + name + "]: there is no such section" + did_you_mean(name, names));
    section_ = name;
    return Done{};
}

Status Reader::read_entry() {
    FileEntry entry;
    if (Status status = begin_entry(entry); !status)
        return status;
    const Flag& flag = *find_flag(entry.flag);
    cursor_.skip_blanks();
    if (cursor_.here() == '=') {
        cursor_.step();
        if (Status status = read_value(entry, flag); !status)
            return status;
    } else if (flag.arity == Arity::Switch) {
        entry.words.push_back({"1", entry.place});
    }
    if (entry.words.empty())
        return at(entry.place, entry.flag + ": its value is missing: " + written(flag));
    entries_.push_back(std::move(entry));
    return Done{};
}

/// Its flag, which must be one, in this section, and for the first time if it has one value.
Status Reader::begin_entry(FileEntry& entry) {
    entry.place = cursor_.place();
    entry.flag = cursor_.take_until("=");
    if (entry.flag.empty())
        return at(entry.place, "the name of a flag is wanted before =");
    const Flag* flag = find_flag(entry.flag);
    if (flag == nullptr)
        return no_flag(entry.place, entry.flag, cursor_.here() == '=');
    if (!section_.empty() && section_ != section_of(*flag))
        return at(entry.place,
                  entry.flag + ": it belongs in the section [" + section_of(*flag) + "]");
    if (flag->arity == Arity::Each || flag->arity == Arity::Many)
        return Done{};
    const auto [first, is_first] = single_.emplace(entry.flag, entry.place);
    if (!is_first)
        return at(entry.place, entry.flag + ": it is there already, in line " +
                                   std::to_string(first->second.line));
    return Done{};
}

Status Reader::read_value(FileEntry& entry, const Flag& flag) {
    cursor_.skip_blanks();
    if (cursor_.here() == '[')
        return read_list(entry);
    if (cursor_.here() != '"' && cursor_.here() != '\'')
        return read_bare(entry, "");
    while (cursor_.here() == '"' || cursor_.here() == '\'') {
        if (Status status = read_quoted(entry); !status)
            return status;
        cursor_.skip_blanks();
        if (flag.arity == Arity::Many && cursor_.here() == ',') {
            cursor_.step();
            cursor_.skip_blanks();
        }
    }
    return Done{};
}

/// Blanks, line ends and comments within a list.
void Reader::skip_to_item() {
    cursor_.skip_blanks();
    while (!cursor_.is_at_end() && (cursor_.is_at_line_end() || cursor_.here() == '#')) {
        cursor_.skip_line();
        cursor_.skip_blanks();
    }
}

Status Reader::read_list(FileEntry& entry) {
    const Place place = cursor_.place();
    cursor_.step();
    skip_to_item();
    while (cursor_.here() != ']') {
        if (cursor_.is_at_end())
            return at(place, entry.flag + ": the ] of this list is missing");
        const bool is_quoted = cursor_.here() == '"' || cursor_.here() == '\'';
        Status status = is_quoted ? read_quoted(entry) : read_bare(entry, ",]");
        if (!status)
            return status;
        skip_to_item();
        if (cursor_.here() == ',')
            cursor_.step();
        else if (cursor_.here() != ']' && !cursor_.is_at_end())
            return at(cursor_.place(), entry.flag + ": a comma or ] is wanted here");
        skip_to_item();
    }
    cursor_.step();
    return Done{};
}

Status Reader::read_quoted(FileEntry& entry) {
    const Place place = cursor_.place();
    const char quote = cursor_.here();
    FileWord word{{}, {place.line, place.column + 1}};
    for (cursor_.step(); cursor_.here() != quote; cursor_.step()) {
        if (cursor_.is_at_line_end())
            return at(place, entry.flag + ": the quote that is opened here is not closed");
        if (quote == '"' && cursor_.here() == '\\') {
            cursor_.step();
            if (cursor_.here() != '"' && cursor_.here() != '\\')
                return at(cursor_.place(), entry.flag + ": behind \\ only \" or \\ may stand");
        }
        word.text += cursor_.here();
    }
    cursor_.step();
    entry.words.push_back(std::move(word));
    return Done{};
}

Status Reader::read_bare(FileEntry& entry, string_view ends) {
    const Place place = cursor_.place();
    const string text = cursor_.take_until(ends);
    if (const size_t quote = text.find_first_of("\"'"); quote != string::npos)
        return at({place.line, place.column + static_cast<unsigned>(quote)},
                  entry.flag + ": a quote stands at the beginning of a value, or inside another");
    if (!text.empty())
        entry.words.push_back({text, place});
    else if (!ends.empty())
        return at(place, entry.flag + ": a value is missing here");
    return Done{};
}

/// A byte that no text has; control characters in a value would be told to a terminal. A carriage
/// return is part of the end of a line, or is one of them.
std::optional<Place> find_control_character(string_view text) {
    Place place{1, 1};
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const auto byte = static_cast<unsigned char>(c);
        const bool ends_line =
            c == '\n' || (c == '\r' && (i + 1 == text.size() || text[i + 1] == '\n'));
        if ((byte < ' ' && !ends_line && c != '\t') || byte == 0x7f)
            return place;
        place = c == '\n' ? Place{place.line + 1, 1} : Place{place.line, place.column + 1};
    }
    return std::nullopt;
}

}  // namespace

string to_string(Place place) {
    return std::to_string(place.line) + ':' + std::to_string(place.column);
}

Result<std::vector<FileEntry>> read_entries(string_view text) {
    constexpr string_view kByteOrderMark = "\xef\xbb\xbf";
    if (text.starts_with(kByteOrderMark))
        text.remove_prefix(kByteOrderMark.size());
    if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
        return at({1, 1}, "this file is UTF-16; save it as UTF-8");
    if (const auto place = find_control_character(text))
        return at(*place, "this byte is no text");
    // A tab is a blank, also where an error names what it stands in.
    string blank(text);
    std::replace(blank.begin(), blank.end(), '\t', ' ');
    return Reader(blank).read();
}

}  // namespace sluice::config
