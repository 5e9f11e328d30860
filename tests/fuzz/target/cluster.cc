// SPDX-License-Identifier: BSD-3-Clause

// What a gateway of a cluster is told by etcd. The first byte of an input says which of four it is:
// an answer, or a line of a watch, as they stand; keys and values of either, which are put into one
// here; base64; or what becomes of a cluster's keys, drawn. What is read of a text is read the same
// when it is written again, and takes no more room than the text. Of keys that change a gateway
// believes what a plain map of them says.

#include "cluster/etcd_text.h"
#include "cluster/heard.h"
#include "expect.h"
#include "input.h"
#include "net/text.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

using namespace sluice;
using namespace sluice::cluster;
using nlohmann::json;
using test::Draw;
using test::expect;
using test::Input;

namespace {

const Speaker kSpeaker{"sluice", "a", std::chrono::seconds(5)};
constexpr uint64_t kInstance = 7;

std::string key_of(Be32 address) {
    return "sluice/address/" + net::to_string(address);
}

/// A key as etcd has it when `put` has written it.
json entry_of(const json& put, Revision revision) {
    json entry = put.at("request_put");
    entry["mod_revision"] = std::to_string(revision);
    return entry;
}

json entry_of(const Member& member) {
    const json posted = json::parse(post_of(PutMember{member}, kSpeaker).body);
    return entry_of(posted.at("success").at(0), member.revision);
}

json entry_of(const Owner& owner) {
    const json posted = json::parse(post_of(PutOwners{{owner}, "a", 1}, kSpeaker).body);
    return entry_of(posted.at("success").at(0), owner.revision);
}

json bare_entry(std::string_view key, Revision revision) {
    return {{"key", to_base64(key)}, {"mod_revision", std::to_string(revision)}};
}

json header(Revision revision) {
    return {{"revision", std::to_string(revision)}};
}

/// All keys, as an answer to Read has them.
std::string answer_with(const News& all) {
    json keys = json::array();
    for (const Member& member : all.members)
        keys.push_back(entry_of(member));
    for (const Owner& owner : all.owners)
        keys.push_back(entry_of(owner));
    return json{{"header", header(all.revision)}, {"kvs", keys}}.dump();
}

/// What has changed, as a line of a watch has it.
std::string line_with(const News& news) {
    json events = json::array();
    for (const Member& member : news.members)
        events.push_back({{"kv", entry_of(member)}});
    for (const Owner& owner : news.owners)
        events.push_back({{"kv", entry_of(owner)}});
    for (const std::string& name : news.gone)
        events.push_back(
            {{"type", "DELETE"}, {"kv", bare_entry("sluice/node/" + name, news.revision)}});
    for (const Be32 address : news.free)
        events.push_back({{"type", "DELETE"}, {"kv", bare_entry(key_of(address), news.revision)}});
    return json{{"result", {{"header", header(news.revision)}, {"events", events}}}}.dump();
}

size_t bytes_in(const News& news) {
    size_t bytes = news.free.size();
    for (const Member& member : news.members)
        bytes += member.name.size() + 1;
    for (const Owner& owner : news.owners)
        bytes += owner.name.size() + 1;
    for (const std::string& name : news.gone)
        bytes += name.size() + 1;
    return bytes;
}

void check_answer(const Request& request, int status, std::string_view body) {
    const Answer answer = answer_of(request, status, body, kSpeaker);
    expect(status == 200 || answer.kind != Answer::Kind::Done);
    expect(bytes_in(answer.read) <= body.size());
    if (answer.found) {
        expect(answer.kind == Answer::Kind::Refused && answer.found->name.size() <= body.size());
        const json found = {{"response_range", {{"kvs", json::array({entry_of(*answer.found)})}}}};
        const json again = {{"header", header(1)}, {"responses", json::array({found})}};
        expect(answer_of(request, 200, again.dump(), kSpeaker).found == answer.found);
    }
    if (answer.kind != Answer::Kind::Done || !std::holds_alternative<Read>(request))
        return;
    const Answer again = answer_of(request, 200, answer_with(answer.read), kSpeaker);
    expect(again.kind == Answer::Kind::Done && again.read == answer.read);
}

void check_line(std::string_view line) {
    const auto told = cluster::told(line, kSpeaker);
    if (!told)
        return;
    expect(told->is_over || !told->is_late);
    size_t bytes = 0;
    for (size_t i = 0; i < told->news.size(); ++i) {
        const News& news = told->news[i];
        expect(i == 0 || news.revision != told->news[i - 1].revision);
        bytes += bytes_in(news);
        const auto again = cluster::told(line_with(news), kSpeaker);
        expect(again && !again->is_over);
        const bool is_empty = bytes_in(news) == 0;
        expect(is_empty ? again->news.empty() : again->news == std::vector<News>{news});
    }
    expect(bytes <= line.size());
}

void check_text(unsigned choice, std::string_view text) {
    const std::array<Request, 6> requests{Grant{},     KeepAlive{1}, PutMember{},
                                          PutOwners{}, Read{},       Revoke{1}};
    if (choice % 8 >= requests.size())
        return check_line(text);
    check_answer(requests[choice % 8], (choice & 8) != 0 ? 503 : 200, text);
}

/// Lines are keys and values in turn.
void check_composed(unsigned choice, std::string_view text) {
    json keys = json::array();
    for (Revision revision = 1; !text.empty(); ++revision) {
        std::array<std::string, 2> parts;
        for (std::string& part : parts) {
            part = text.substr(0, text.find('\n'));
            text.remove_prefix(std::min(part.size() + 1, text.size()));
        }
        json entry = bare_entry("sluice/" + parts[0], revision / 2);
        entry["value"] = to_base64(parts[1]);
        entry["lease"] = revision;
        keys.push_back(std::move(entry));
    }
    if (choice % 2 == 0)
        return check_answer(Read{}, 200, json{{"header", header(9)}, {"kvs", keys}}.dump());
    json events = json::array();
    for (const json& entry : keys)
        events.push_back({{"type", (choice & 2) != 0 ? "DELETE" : "PUT"}, {"kv", entry}});
    check_line(json{{"result", {{"events", events}}}}.dump());
}

void check_base64(std::string_view text) {
    const std::string written = to_base64(text);
    expect(written.size() == (text.size() + 2) / 3 * 4 && from_base64(written) == text);
    const auto read = from_base64(text);
    if (!read)
        return;
    expect(text.size() % 4 == 0 && read->size() <= text.size() / 4 * 3);
    expect(read->size() + 2 >= text.size() / 4 * 3 && from_base64(to_base64(*read)) == read);
}

/// What is said last of an address counts.
struct Plain {
    struct Place {
        std::optional<Owner> owner = {};
        Revision revision = 0;
    };

    void say(Be32 address, Revision revision, std::optional<Owner> owner) {
        const auto found = places.find(address.host());
        if (found != places.end() && revision >= found->second.revision)
            found->second = {std::move(owner), revision};
    }
    void hear(const News& news) {
        seen = news.revision;
        for (const Member& member : news.members)
            members[member.name] = member;
        for (const std::string& name : news.gone)
            members.erase(name);
        for (const Owner& owner : news.owners)
            say(owner.address, owner.revision, owner);
        for (const Be32 address : news.free)
            say(address, news.revision, std::nullopt);
    }
    void read(const News& all) {
        const Revision before = seen;
        members.clear();
        for (const auto& [address, place] : places)
            if (std::ranges::find(all.owners, Be32::from_host(address), &Owner::address) ==
                all.owners.end())
                say(Be32::from_host(address), all.revision, std::nullopt);
        hear(all);
        seen = std::max(before, all.revision);
    }

    std::map<uint32_t, Place> places;
    std::map<std::string, Member> members;
    Revision seen = 0;
};

/// Four addresses, the last of which is none of the cluster's; three members.
Be32 address(uint64_t number) {
    return Be32::from_host(0xc6336401 + static_cast<uint32_t>(number % 4));
}

std::string name(uint64_t number) {
    return std::string(1, static_cast<char>('a' + number % 3));
}

Member draw_member(const Draw& draw, Revision revision) {
    Member member{name(draw()), draw() % 2 + kInstance, draw() % 2 == 0, static_cast<Lease>(draw()),
                  revision};
    if (draw() % 2 == 0)
        member.inside = {Be32::from_host(0x0a000001 + static_cast<uint32_t>(draw())), {2}};
    if (draw() % 2 == 0)
        member.takes_at = net::Endpoint{address(draw()), Be16::from_host(3781)};
    return member;
}

/// A key is named once at most, as in a transaction.
News draw_news(const Draw& draw, Revision revision, bool is_all) {
    News news{.revision = revision};
    const uint64_t first = draw();
    const uint64_t keys = draw() % 5;
    for (uint64_t i = 0; i < keys; ++i) {
        const Be32 at = address(first + i);
        if (is_all || draw() % 2 == 0)
            news.owners.push_back(
                {at, name(draw()), draw() % 2 + kInstance, static_cast<Lease>(draw()),
                 is_all ? revision - static_cast<Revision>(draw() % 3) : revision});
        else
            news.free.push_back(at);
    }
    const auto member = draw_member(draw, revision);
    if (is_all || draw() % 2 == 0)
        news.members.push_back(member);
    else if (draw() % 2 == 0)
        news.gone.push_back(member.name);
    return news;
}

void check_same(const Heard& heard, const Plain& plain) {
    expect(heard.members() == plain.members && heard.seen() == plain.seen);
    for (size_t i = 0; i < heard.addresses().size(); ++i) {
        const Owner* const owner = heard.owner(i);
        const auto& expected = plain.places.at(heard.addresses()[i].host()).owner;
        expect(expected ? owner != nullptr && *owner == *expected : owner == nullptr);
        expect(owner == nullptr || heard.free(i) == nullptr);
        const Heard::Free* const free = heard.free(i);
        if (free == nullptr || !free->was_ours)
            continue;
        const Owner* const last = heard.last_owner(i);
        expect(last != nullptr && last->name == "a" && last->instance == kInstance);
    }
}

void follow(const Draw& draw, const Input& input) {
    HeardParams params{"a", kInstance, {address(0), address(1), address(2)}, kSpeaker.ttl};
    Plain plain;
    for (const Be32 each : params.addresses)
        plain.places[each.host()] = {};
    Heard heard(std::move(params));
    Revision revision = 5;
    bool knows = false;
    for (Moment now = std::chrono::seconds(1); !input.is_empty();
         now += std::chrono::milliseconds(draw() % 4096)) {
        const uint64_t what = draw() % 16;
        revision += static_cast<Revision>(draw() % 3);
        if (what == 0) {
            heard.miss();
            knows = false;
        } else if (what < 3) {
            const News all = draw_news(draw, revision, true);
            const Answer answer = answer_of(Read{}, 200, answer_with(all), kSpeaker);
            expect(answer.kind == Answer::Kind::Done && answer.read == all);
            heard.read(answer.read, now);
            plain.read(all);
            knows = true;
        } else if (const News news = draw_news(draw, revision, false); bytes_in(news) != 0) {
            const auto told = cluster::told(line_with(news), kSpeaker);
            expect(told && told->news == std::vector<News>{news});
            const bool is_new = knows && news.revision > plain.seen;
            expect(heard.hear(told->news[0], now) == is_new);
            if (is_new)
                plain.hear(news);
        }
        expect(heard.news_from() == (knows ? std::optional(plain.seen + 1) : std::nullopt));
        check_same(heard, plain);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    if (size == 0)
        return 0;
    const unsigned choice = bytes[0] >> 2;
    const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    switch (bytes[0] & 3) {
        case 0:
            check_text(choice, text);
            break;
        case 1:
            check_composed(choice, text);
            break;
        case 2:
            check_base64(text);
            break;
        default:
            Input input(bytes + 1, size - 1);
            follow(input.draw(), input);
    }
    return 0;
}
