// SPDX-License-Identifier: BSD-3-Clause
#include "config/blame.h"

#include "config/lines.h"

#include <algorithm>
#include <string>
#include <vector>

namespace sluice::config {
namespace {

using std::string;
using std::string_view;

/// What an error speaks about.
struct Blamed {
    string_view flag;
    string_view value;  // empty where it names none
};

Blamed blamed_by(string_view message) {
    if (!message.starts_with("--"))
        return {};
    const size_t end = message.find_first_of(" :");
    const size_t colon = message.find(": ", end);
    if (colon == string_view::npos)
        return {};
    const string_view flag = message.substr(2, end - 2);
    return {flag, end == colon ? "" : message.substr(end + 1, colon - end - 1)};
}

/// Words as one text, in small letters and without what parts items: so blanks are of no account,
/// and a value may have items of several words.
struct Squeezed {
    string text;
    std::vector<Place> places;  // of each character
    std::vector<bool> begins;   // whether an item does there, and at the end
};

bool parts_items(char c) {
    return string_view(" \t\r,").find(c) != string_view::npos;
}

void add(const FileWord& word, Squeezed& all) {
    bool begins = true;
    Place place = word.place;
    for (const char c : word.text) {
        if (!parts_items(c)) {
            all.text += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
            all.places.push_back(place);
            all.begins.push_back(begins);
        }
        begins = parts_items(c);
        ++place.column;
    }
}

Squeezed squeezed(std::span<const FileWord> words) {
    Squeezed all;
    for (const FileWord& word : words)
        add(word, all);
    all.begins.push_back(true);
    return all;
}

/// Where these whole items stand among `words`.
std::vector<Place> places_among(std::span<const FileWord> words, string_view items) {
    const Squeezed all = squeezed(words);
    const FileWord wanted{string(items), {}};
    const string text = squeezed({&wanted, 1}).text;
    std::vector<Place> places;
    if (text.empty())
        return places;
    for (size_t at = all.text.find(text); at != string::npos; at = all.text.find(text, at + 1))
        if (all.begins[at] && all.begins[at + text.size()])
            places.push_back(all.places[at]);
    return places;
}

/// The word that gives this very error when it is read alone, or else the last that says the value;
/// null where there is neither.
const FileWord* blamed_word(const Error& error, const Blamed& blamed,
                            std::span<const FileWord> words) {
    const FileWord* said = nullptr;
    for (const FileWord& word : words) {
        const std::vector<string> alone{word.text};
        const Result<std::vector<string>> values = values_of({blamed.flag, alone});
        if (!values && values.error().message == error.message)
            return &word;
        if (values && std::ranges::count(values.value(), blamed.value) != 0)
            said = &word;
    }
    return said;
}

/// Its beginning, where it says the value in another spelling.
Place place_in(const FileWord& word, string_view value) {
    const std::vector<Place> places = places_among({&word, 1}, value);
    return places.empty() ? word.place : places.back();
}

}  // namespace

string_view blamed_flag(const Error& error) {
    return blamed_by(error.message).flag;
}

std::optional<Place> blamed_place(const Error& error, std::span<const FileEntry> entries) {
    const Blamed blamed = blamed_by(error.message);
    std::vector<FileWord> words;
    const FileEntry* only = nullptr;
    for (const FileEntry& entry : entries) {
        if (entry.flag != blamed.flag)
            continue;
        only = words.empty() ? &entry : nullptr;
        words.insert(words.end(), entry.words.begin(), entry.words.end());
    }
    if (words.size() == 1)
        return place_in(words.front(), blamed.value);
    if (const FileWord* word = blamed_word(error, blamed, words))
        return place_in(*word, blamed.value);
    if (const auto places = places_among(words, blamed.value); places.size() == 1)
        return places.front();
    return only != nullptr ? std::optional(only->place) : std::nullopt;
}

}  // namespace sluice::config
