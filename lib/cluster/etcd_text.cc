// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/etcd_text.h"

#include "net/text.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

namespace sluice::cluster {
namespace {

using nlohmann::json;

constexpr std::string_view kNode = "/node/";
constexpr std::string_view kAddress = "/address/";
constexpr int kOk = 200;

/// gRPC's NOT_FOUND: of a lease that is asked for, or that a key is to be written under.
constexpr int kNotFound = 5;

std::string member_key(const Speaker& speaker, std::string_view name) {
    return to_base64(speaker.prefix + std::string(kNode).append(name));
}

std::string address_key(const Speaker& speaker, Be32 address) {
    return to_base64(speaker.prefix + std::string(kAddress) + net::to_string(address));
}

/// All keys: those that begin so.
json all_keys(const Speaker& speaker) {
    const char next = '/' + 1;
    return {{"key", to_base64(speaker.prefix + '/')},
            {"range_end", to_base64(speaker.prefix + next)}};
}

json has_revision(const std::string& key, Revision revision) {
    return {{"target", "MOD"},
            {"result", "EQUAL"},
            {"key", key},
            {"mod_revision", std::to_string(revision)}};
}

json put(const std::string& key, const json& value, Lease lease) {
    return {{"request_put",
             {{"key", key}, {"value", to_base64(value.dump())}, {"lease", std::to_string(lease)}}}};
}

json body_of(const Grant&, const Speaker& speaker) {
    return {{"TTL", std::to_string(speaker.ttl.count())}};
}

json body_of(const KeepAlive& request, const Speaker&) {
    return {{"ID", std::to_string(request.lease)}};
}

json body_of(const Revoke& request, const Speaker&) {
    return {{"ID", std::to_string(request.lease)}};
}

json body_of(const Read&, const Speaker& speaker) {
    return all_keys(speaker);
}

json body_of(const PutMember& request, const Speaker& speaker) {
    const Member& member = request.member;
    const std::string key = member_key(speaker, member.name);
    json value = {{"instance", std::to_string(member.instance)}, {"leaves", member.leaves}};
    if (member.inside.is_said()) {
        value["inside"] = net::to_string(member.inside.address);
        value["mac"] = net::to_string(member.inside.mac);
    }
    if (member.takes_at)
        value["takes_at"] = net::to_string(*member.takes_at);
    const json look = {{"request_range", {{"key", key}}}};
    return {{"compare", json::array({has_revision(key, member.revision)})},
            {"success", json::array({put(key, value, member.lease)})},
            {"failure", json::array({look})}};
}

json body_of(const PutOwners& request, const Speaker& speaker) {
    json compare = json::array({has_revision(member_key(speaker, request.by), request.guard)});
    json success = json::array();
    for (const Owner& owner : request.owners) {
        const std::string key = address_key(speaker, owner.address);
        const json value = {{"owner", owner.name}, {"instance", std::to_string(owner.instance)}};
        compare.push_back(has_revision(key, owner.revision));
        success.push_back(put(key, value, owner.lease));
    }
    return {{"compare", std::move(compare)}, {"success", std::move(success)}};
}

const char* path_of(const Grant&) {
    return "/v3/lease/grant";
}
const char* path_of(const KeepAlive&) {
    return "/v3/lease/keepalive";
}
const char* path_of(const Revoke&) {
    return "/v3/lease/revoke";
}
const char* path_of(const Read&) {
    return "/v3/kv/range";
}
const char* path_of(const PutMember&) {
    return "/v3/kv/txn";
}
const char* path_of(const PutOwners&) {
    return "/v3/kv/txn";
}

/// Null where there is none.
const json& at(const json& object, const char* name) {
    static const json kNull;
    const auto found = object.is_object() ? object.find(name) : object.end();
    return found == object.end() ? kNull : *found;
}

/// etcd leaves out what is 0.
template <typename T>
T number(const json& object, const char* name) {
    T value = 0;
    const json& field = at(object, name);
    if (field.is_string()) {
        const auto& text = field.get_ref<const std::string&>();
        std::from_chars(text.data(), text.data() + text.size(), value);
    } else if (field.is_number_integer()) {
        value = field.get<T>();
    }
    return value;
}

std::string bytes(const json& object, const char* name) {
    const json& field = at(object, name);
    if (!field.is_string())
        return {};
    return from_base64(field.get_ref<const std::string&>()).value_or(std::string());
}

/// What follows the prefix and `kind`, if a key is of that kind.
std::optional<std::string_view> name_in(std::string_view key, const Speaker& speaker,
                                        std::string_view kind) {
    if (!key.starts_with(speaker.prefix) || !key.substr(speaker.prefix.size()).starts_with(kind))
        return std::nullopt;
    return key.substr(speaker.prefix.size() + kind.size());
}

/// Both, or nothing.
Inside inside_in(const json& value) {
    const json& address = at(value, "inside");
    const json& mac = at(value, "mac");
    if (!address.is_string() || !mac.is_string())
        return {};
    const auto parsed = net::parse_address(address.get_ref<const std::string&>());
    const auto parsed_mac = net::parse_mac(mac.get_ref<const std::string&>());
    const bool is_said = parsed && parsed_mac && *parsed != Be32{};
    return is_said ? Inside{*parsed, *parsed_mac} : Inside{};
}

/// A key that is there, as a member's or an address's.
void add_key(News& news, const json& entry, const Speaker& speaker) {
    const std::string key = bytes(entry, "key");
    const json value = json::parse(bytes(entry, "value"), nullptr, false);
    const auto lease = number<Lease>(entry, "lease");
    const auto revision = number<Revision>(entry, "mod_revision");
    const auto instance = number<uint64_t>(value, "instance");
    if (const auto name = name_in(key, speaker, kNode)) {
        const json& leaves = at(value, "leaves");
        const json& takes_at = at(value, "takes_at");
        news.members.push_back(
            {std::string(*name), instance, leaves.is_boolean() && leaves.get<bool>(), lease,
             revision, inside_in(value),
             takes_at.is_string() ? net::parse_endpoint(takes_at.get_ref<const std::string&>())
                                  : std::nullopt});
    } else if (const auto text = name_in(key, speaker, kAddress)) {
        const json& owner = at(value, "owner");
        if (const auto address = net::parse_address(*text))
            news.owners.push_back({*address, owner.is_string() ? owner.get<std::string>() : "",
                                   instance, lease, revision});
    }
}

void add_gone(News& news, const json& entry, const Speaker& speaker) {
    const std::string key = bytes(entry, "key");
    if (const auto name = name_in(key, speaker, kNode)) {
        news.gone.emplace_back(*name);
    } else if (const auto text = name_in(key, speaker, kAddress)) {
        if (const auto address = net::parse_address(*text))
            news.free.push_back(*address);
    }
}

Revision revision_in(const json& body) {
    return number<Revision>(at(body, "header"), "revision");
}

Answer refused() {
    return {.kind = Answer::Kind::Refused};
}

Answer written(const json& body, const Speaker& speaker) {
    if (at(body, "succeeded") == true)
        return {.kind = Answer::Kind::Done, .revision = revision_in(body)};
    Answer answer = refused();
    News found;
    for (const json& response : at(body, "responses"))
        for (const json& entry : at(at(response, "response_range"), "kvs"))
            add_key(found, entry, speaker);
    if (!found.members.empty())
        answer.found = found.members.front();
    return answer;
}

Answer read_in(const Grant&, const json& body, const Speaker&) {
    const auto lease = number<Lease>(body, "ID");
    return lease != 0 ? Answer{.kind = Answer::Kind::Done, .lease = lease} : Answer{};
}

Answer read_in(const KeepAlive&, const json& body, const Speaker&) {
    const bool lives = number<int64_t>(at(body, "result"), "TTL") > 0;
    return lives ? Answer{.kind = Answer::Kind::Done} : refused();
}

Answer read_in(const Revoke&, const json&, const Speaker&) {
    return {.kind = Answer::Kind::Done};
}

Answer read_in(const Read&, const json& body, const Speaker& speaker) {
    Answer answer{.kind = Answer::Kind::Done};
    answer.read.revision = revision_in(body);
    for (const json& entry : at(body, "kvs"))
        add_key(answer.read, entry, speaker);
    return answer;
}

Answer read_in(const PutMember&, const json& body, const Speaker& speaker) {
    return written(body, speaker);
}

Answer read_in(const PutOwners&, const json& body, const Speaker& speaker) {
    return written(body, speaker);
}

}  // namespace

Post post_of(const Request& request, const Speaker& speaker) {
    return std::visit(
        [&](const auto& each) {
            return Post{path_of(each), body_of(each, speaker).dump()};
        },
        request);
}

Answer answer_of(const Request& request, int status, std::string_view body,
                 const Speaker& speaker) {
    const json parsed = json::parse(body, nullptr, false);
    if (status != kOk)
        return number<int>(parsed, "code") == kNotFound ? refused() : Answer{};
    // Whatever it answers, it says at which revision.
    const bool is_keep_alive = std::holds_alternative<KeepAlive>(request);
    if (revision_in(is_keep_alive ? at(parsed, "result") : parsed) == 0)
        return {};
    return std::visit([&](const auto& each) { return read_in(each, parsed, speaker); }, request);
}

Post watch_from(Revision revision, const Speaker& speaker) {
    json create = all_keys(speaker);
    create["start_revision"] = std::to_string(revision);
    return {"/v3/watch", json{{"create_request", std::move(create)}}.dump()};
}

std::optional<Told> told(std::string_view line, const Speaker& speaker) {
    const json parsed = json::parse(line, nullptr, false);
    const json& result = at(parsed, "result");
    if (!result.is_object())
        return std::nullopt;
    Told told;
    told.is_late = number<Revision>(result, "compact_revision") != 0;
    told.is_over = told.is_late || at(result, "canceled") == true;
    for (const json& event : at(result, "events")) {
        const json& entry = at(event, "kv");
        const auto revision = number<Revision>(entry, "mod_revision");
        if (told.news.empty() || told.news.back().revision != revision)
            told.news.push_back({.revision = revision});
        if (at(event, "type") == "DELETE")
            add_gone(told.news.back(), entry, speaker);
        else
            add_key(told.news.back(), entry, speaker);
    }
    return told;
}

}  // namespace sluice::cluster
