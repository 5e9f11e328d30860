// SPDX-License-Identifier: BSD-3-Clause
#include "config/file_entries.h"

#include "catch.h"

#include <string>

namespace file_entries_test {

using namespace sluice;
using namespace sluice::config;

namespace {

std::vector<FileEntry> entries_of(std::string_view text) {
    auto entries = read_entries(text);
    CAPTURE(text);
    if (!entries)
        FAIL(entries.error().message);
    return std::move(entries).value();
}

std::vector<std::string> words_of(std::string_view line) {
    const auto entries = entries_of(line);
    REQUIRE(entries.size() == 1);
    std::vector<std::string> words;
    for (const FileWord& word : entries[0].words)
        words.push_back(word.text);
    return words;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("file entries: an empty text, comments and sections set nothing", "[config]") {
    CHECK(entries_of("").empty());
    CHECK(entries_of("\n\r\n  # workers = 2\n; workers = 2\n[cores] # of workers\n").empty());
    CHECK(entries_of("\xef\xbb\xbf# a byte order mark\n").empty());
}

TEST_CASE("file entries: a section may come again", "[config]") {
    const auto entries = entries_of(
        "[addresses]\nsnat = 10.2.0.0/16 -> 198.51.100.5\n[ipv6]\nra = 1\n[addresses]\n"
        "snat = 2001:db8:1::/64 -> 198.51.100.6");
    REQUIRE(entries.size() == 3);
    CHECK(entries[0].flag == "snat");
    CHECK(entries[2].flag == "snat");
}

TEST_CASE("file entries: a value is the rest of its line", "[config]") {
    CHECK(words_of("workers=2") == Words{"2"});
    CHECK(words_of("  workers\t =  2 \t# two\r\n") == Words{"2"});
    CHECK(words_of("lan = pcap:in.pcap,out.pcap\n") == Words{"pcap:in.pcap,out.pcap"});
    CHECK(words_of("control-socket = /run/a#b") == Words{"/run/a#b"});
    CHECK(words_of("one-to-one = 198.51.100.5 = 10.1.0.20") == Words{"198.51.100.5 = 10.1.0.20"});
    CHECK(words_of("no-huge") == Words{"1"});
    CHECK(words_of("no-huge = false") == Words{"false"});
}

TEST_CASE("file entries: quotes keep what would mean something", "[config]") {
    CHECK(words_of(R"(lan = "a # b, [c]" # d)") == Words{"a # b, [c]"});
    CHECK(words_of(R"(lan = 'a "b" \c')") == Words{R"(a "b" \c)"});
    CHECK(words_of(R"(lan = "a \"b\" \\c")") == Words{R"(a "b" \c)"});
    CHECK(words_of(R"(route = "a" "b", 'c')") == Words{"a", "b", "c"});
    CHECK(words_of(R"(lan = "")") == Words{""});
}

TEST_CASE("file entries: a list goes over lines", "[config]") {
    CHECK(words_of("pool = [a, b]") == Words{"a", "b"});
    CHECK(words_of("pool = [\n  \"a,b\",  # one\n\n  c  # two\n  ,\n]\n") == Words{"a,b", "c"});
    const auto entries = entries_of("pool = [\n a,\n b ]\nworkers = 2\n");
    REQUIRE(entries.size() == 2);
    CHECK(to_string(entries[0].place) == "1:1");
    CHECK(to_string(entries[0].words[1].place) == "3:2");
    CHECK(to_string(entries[1].words[0].place) == "4:11");
}

TEST_CASE("file entries: each mistake is named with its place", "[config]") {
    struct Row {
        const char* text;
        const char* start;
    };
    const Row row = GENERATE(values<Row>({
        {"\n  worker = 3", "2:3: worker: there is no such flag; did you mean workers?"},
        {"config = other", "1:1: config: it is for the command line alone"},
        {"\xff\xfew", "1:1: this file is UTF-16; save it as UTF-8"},
        {"\n worker 2", "2:2: worker: there is no such flag; did you mean workers?"},
        {"lan adress = a", "1:1: lan adress: there is no such flag; did you mean lan-address?"},
        {"\n workers 2", "2:2: workers: a = is missing behind it: workers = N"},
        {"workers: 2", "1:1: workers: a = is missing behind it: workers = N"},
        {"forward tcp 198.51.100.1:80 -> 10.1.0.10:80 # a", "1:1: forward: a = is missing behind"},
        {"one-to-one 198.51.100.5 = 10.1.0.20", "1:1: one-to-one: a = is missing behind it"},
        {"no-huge true", "1:1: no-huge: a = is missing behind it: no-huge = true"},
        {"no-huge =", "1:1: no-huge: its value is missing: no-huge = true"},
        {"--workers = 2", "1:1: --workers: in a file a flag has no dashes: workers = N"},
        {"--no-huge", "1:1: --no-huge: in a file a flag has no dashes: no-huge = true"},
        {"--worker 2", "1:1: --worker: there is no such flag; did you mean workers?"},
        {"[timeout]", "1:1: [timeout]: there is no such section; did you mean timeouts?"},
        {"[cores", "1:1: [cores: a ] is missing"},
        {"[cores] workers = 2", "1:9: the end of the line"},
        {"[memory]\nworkers = 2", "2:1: workers: it belongs in the section [cores]"},
        {"workers", "1:1: workers: its value is missing: workers = N"},
        {"workers =  # none", "1:1: workers: its value is missing"},
        {"= 3", "1:1: the name of a flag"},
        {"snat = \"10.2.0.0/16", "1:8: snat: the quote that is opened here is not closed"},
        {"lan = 'a\n'", "1:7: lan: the quote"},
        {"lan = \"a\\n\"", "1:10: lan: behind \\"},
        {"gateway = 198.51.100.9\"", "1:23: gateway: a quote"},
        {"pool = [a, b", "1:8: pool: the ] of this list is missing"},
        {"pool = [a,, b]", "1:11: pool: a value is missing here"},
        {"pool = [a] b", "1:12: the end of the line"},
        {"lan = \"a\" b", "1:11: the end of the line"},
        {"workers = 1\n\nworkers = 1", "3:1: workers: it is there already, in line 1"},
        {"no-huge\nno-huge", "2:1: no-huge: it is there already, in line 1"},
        {"workers = \x01", "1:11: this byte is no text"},
        {"workers\r= 2", "1:8: this byte is no text"},
        {"work\ters = 2", "1:1: work ers: there is no such flag"},
    }));
    const auto entries = read_entries(row.text);
    REQUIRE_FALSE(entries.ok());
    CAPTURE(row.text, entries.error().message);
    CHECK(entries.error().message.starts_with(row.start));
}

TEST_CASE("file entries: a zero byte ends nothing", "[config]") {
    const auto entries = read_entries(std::string_view("workers = 1\0#", 13));
    REQUIRE_FALSE(entries.ok());
    CHECK(entries.error().message == "1:12: this byte is no text");
}

}  // namespace file_entries_test
