// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/tcp_state.h"

#include "catch.h"

#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace tcp_state_test {

using namespace sluice;
using namespace sluice::conntrack;
using net::Direction;

namespace {

// The table of Linux 6.x as observed, one row per direction and segment, one column per state.
// IV: invalid. IG: passes, state unchanged.
constexpr const char* kGrid = R"(
                  NO SS SR ES FW CW LA TW CL S2
    original syn    SS SS IG IG IG IG IG SS SS S2
    original synack IV IV SR IV IV IV IV IV IV SR
    original fin    IV IV FW FW LA LA LA TW CL IV
    original ack    ES IV ES ES CW CW TW TW CL IV
    original rst    IV CL CL CL CL CL CL CL CL CL
    original none   IV IV IV IV IV IV IV IV IV IV
    reply    syn    IV S2 IV IV IV IV IV SS IV S2
    reply    synack IV SR IG IG IG IG IG IG IG SR
    reply    fin    IV IV FW FW LA LA LA TW CL IV
    reply    ack    IV IG SR ES CW CW TW TW CL IG
    reply    rst    IV CL CL CL CL CL CL CL CL CL
    reply    none   IV IV IV IV IV IV IV IV IV IV
)";

const std::vector<std::pair<std::string, TcpState>> kColumns = {
    {"NO", TcpState::None},        {"SS", TcpState::SynSent},  {"SR", TcpState::SynRecv},
    {"ES", TcpState::Established}, {"FW", TcpState::FinWait},  {"CW", TcpState::CloseWait},
    {"LA", TcpState::LastAck},     {"TW", TcpState::TimeWait}, {"CL", TcpState::Close},
    {"S2", TcpState::SynSent2},
};

const std::vector<std::pair<std::string, SegmentClass>> kRows = {
    {"syn", SegmentClass::Syn}, {"synack", SegmentClass::SynAck}, {"fin", SegmentClass::Fin},
    {"ack", SegmentClass::Ack}, {"rst", SegmentClass::Rst},       {"none", SegmentClass::None},
};

template <typename E>
E named(const std::vector<std::pair<std::string, E>>& names, const std::string& name) {
    for (const auto& [text, value] : names)
        if (text == name)
            return value;
    FAIL("no such name: " << name);
    return {};
}

/// The transition as a cell of the grid.
std::string cell(Transition transition) {
    if (transition.step == Step::Refuse)
        return "IV";
    if (transition.step == Step::Ignore)
        return "IG";
    for (const auto& [text, state] : kColumns)
        if (state == transition.state)
            return text;
    return "?";
}

}  // namespace

TEST_CASE("tcp state: every transition is that of Linux", "[conntrack][tcp]") {
    std::istringstream grid(kGrid);
    std::vector<TcpState> columns;
    for (size_t i = 0; i < kTcpStateCount; ++i) {
        std::string name;
        grid >> name;
        columns.push_back(named(kColumns, name));
    }

    int rows = 0;
    std::string direction, segment;
    for (; grid >> direction >> segment; ++rows)
        for (const TcpState state : columns) {
            std::string expected;
            grid >> expected;
            CAPTURE(direction, segment, tcp_state_name(state));
            const auto toward = direction == "reply" ? Direction::Reply : Direction::Original;
            CHECK(cell(next(toward, named(kRows, segment), state)) == expected);
        }
    CHECK(rows == 12);
}

TEST_CASE("tcp state: the legal sets of flags are nine", "[conntrack][tcp]") {
    const std::set<int> legal = {
        kSyn,        kSyn | kUrg, kSyn | kAck,        kRst, kRst | kAck, kAck,
        kAck | kUrg, kFin | kAck, kFin | kAck | kUrg,
    };
    for (int flags = 0; flags < 256; ++flags) {
        CAPTURE(flags);
        const bool expected = legal.contains(flags & (kFin | kSyn | kRst | kAck | kUrg));
        CHECK(are_legal_flags(static_cast<uint8_t>(flags)) == expected);
    }
}

TEST_CASE("tcp state: RST wins over SYN, SYN over FIN, FIN over ACK", "[conntrack][tcp]") {
    for (int flags = 0; flags < 256; ++flags) {
        CAPTURE(flags);
        const SegmentClass segment = classify(static_cast<uint8_t>(flags));
        CHECK((segment == SegmentClass::Rst) == bool(flags & kRst));
        if (flags & kRst)
            continue;
        CHECK((segment == SegmentClass::Syn) == ((flags & (kSyn | kAck)) == kSyn));
        CHECK((segment == SegmentClass::SynAck) == ((flags & (kSyn | kAck)) == (kSyn | kAck)));
        CHECK((segment == SegmentClass::Fin) == ((flags & (kSyn | kFin)) == kFin));
        CHECK((segment == SegmentClass::Ack) == ((flags & (kSyn | kFin | kAck)) == kAck));
        CHECK((segment == SegmentClass::None) == ((flags & (kSyn | kFin | kAck)) == 0));
    }
}

TEST_CASE("tcp state: no legal set is without meaning", "[conntrack][tcp]") {
    for (int flags = 0; flags < 256; ++flags)
        if (are_legal_flags(static_cast<uint8_t>(flags)))
            CHECK(classify(static_cast<uint8_t>(flags)) != SegmentClass::None);
}

TEST_CASE("tcp state: names are those of conntrack -L", "[conntrack][tcp]") {
    const std::vector<std::string> names = {"NONE",     "SYN_SENT",   "SYN_RECV", "ESTABLISHED",
                                            "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT",
                                            "CLOSE",    "SYN_SENT2"};
    for (size_t i = 0; i < names.size(); ++i)
        CHECK(tcp_state_name(static_cast<TcpState>(i)) == names[i]);
}

}  // namespace tcp_state_test
