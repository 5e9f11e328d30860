// SPDX-License-Identifier: BSD-3-Clause
#include "flow/flow_record.h"

#include "catch.h"
#include "conntrack/status.h"
#include "net/gre.h"

#include <bit>
#include <cstring>
#include <ostream>
#include <utility>
#include <vector>

namespace flow_record_test {

using namespace sluice;
using namespace sluice::flow;

namespace {

struct Field {
    const char* name;
    size_t offset;
    size_t bytes;

    bool operator==(const Field& other) const {
        return std::strcmp(name, other.name) == 0 && offset == other.offset && bytes == other.bytes;
    }
};

std::ostream& operator<<(std::ostream& out, const Field& field) {
    return out << field.name << " at " << field.offset << ", " << field.bytes << " bytes";
}

using Fields = std::vector<Field>;

Fields fields_of_record() {
    using R = FlowRecord;
    return {
        {"tuple", offsetof(R, tuple), sizeof(R::tuple)},
        {"life", offsetof(R, life), sizeof(R::life)},
        {"deadline", offsetof(R, deadline), sizeof(R::deadline)},
        {"owner", offsetof(R, owner), sizeof(R::owner)},
        {"state", offsetof(R, state), sizeof(R::state)},
        {"status", offsetof(R, status), sizeof(R::status)},
        {"sides", offsetof(R, sides), sizeof(R::sides)},
        {"rewrite", offsetof(R, rewrite), sizeof(R::rewrite)},
        {"hops", offsetof(R, hops), sizeof(R::hops)},
        {"tally", offsetof(R, tally), sizeof(R::tally)},
        {"tracker", offsetof(R, tracker), sizeof(R::tracker)},
        {"opened", offsetof(R, opened), sizeof(R::opened)},
        {"holder", offsetof(R, holder), sizeof(R::holder)},
        {"second holder", offsetof(R, second_holder), sizeof(R::second_holder)},
        {"all", 0, sizeof(R)},
    };
}

Fields fields_within() {
    using net::Tuple;
    return {
        {"tuple: source", offsetof(Tuple, source), sizeof(Tuple::source)},
        {"tuple: destination", offsetof(Tuple, destination), sizeof(Tuple::destination)},
        {"tuple: source port", offsetof(Tuple, source_port), sizeof(Tuple::source_port)},
        {"tuple: destination port", offsetof(Tuple, destination_port),
         sizeof(Tuple::destination_port)},
        {"tuple: protocol", offsetof(Tuple, protocol), sizeof(Tuple::protocol)},
        {"tuple: kind", offsetof(Tuple, kind), sizeof(Tuple::kind)},
        {"tuple: zone", offsetof(Tuple, zone), sizeof(Tuple::zone)},
        {"rewrite: address", offsetof(Rewrite, address), sizeof(Rewrite::address)},
        {"rewrite: transport", offsetof(Rewrite, transport), sizeof(Rewrite::transport)},
        {"hops: index", offsetof(Hops, index), sizeof(Hops::index)},
        {"hops: generation", offsetof(Hops, generation), sizeof(Hops::generation)},
        {"holding: dependents", offsetof(Holding, dependents), sizeof(Holding::dependents)},
        {"holding: strangers", offsetof(Holding, strangers), sizeof(Holding::strangers)},
        {"holding: note", offsetof(Holding, note), sizeof(Holding::note)},
    };
}

template <typename T>
uint32_t word_of(const T& object) {
    static_assert(sizeof object == sizeof(uint32_t));
    uint32_t word = 0;
    std::memcpy(&word, &object, sizeof word);
    return word;
}

/// Behind what is not said by an offset: one bit pattern of each that tells its parts.
std::vector<uint32_t> values() {
    using net::Side;
    HolderLink held;
    held.set(6);
    HolderLink both;
    both.set(6);
    both.add_second();
    Tally marked;
    marked.mark();
    Tally renewed;
    renewed.renew();
    Tally counted;
    counted.add({3, 1000});
    return {
        static_cast<uint32_t>(Kind::Flow),
        static_cast<uint32_t>(Kind::Mapping),
        static_cast<uint32_t>(Kind::Contact),
        static_cast<uint32_t>(Kind::Block),
        static_cast<uint32_t>(Kind::Expectation),
        LifeWord{0}.with(Life::Opening).bits,
        LifeWord{0}.with(Life::Live).bits,
        LifeWord{0}.with(Life::Dying).bits,
        LifeWord{0}.next_generation().bits,
        conntrack::kSeenReply,
        conntrack::kAssured,
        conntrack::kEnded,
        conntrack::kRelated,
        conntrack::kHelped,
        conntrack::kCorrected,
        conntrack::kCalls,
        net::kCallMark.host(),
        std::bit_cast<uint8_t>(net::Sides(Side::Inside, Side::Outside)),
        std::bit_cast<uint8_t>(net::Sides(Side::Outside, Side::Inside)),
        std::bit_cast<uint8_t>(Course({Side::Inside, Side::Outside}, 5)),
        static_cast<uint32_t>(net::Direction::Reply),
        word_of(held),
        word_of(both),
        word_of(marked),
        word_of(renewed),
        word_of(counted),
    };
}

/// What a number stands for. A change is a new number, with a table of its own in this one's place.
struct Layout {
    uint32_t number;
    Fields record;
    Fields within;
    std::vector<uint32_t> values;
};

const Layout kCurrent{
    6,
    {
        {"tuple", 0, 32},
        {"life", 32, 4},
        {"deadline", 36, 4},
        {"owner", 40, 1},
        {"state", 41, 1},
        {"status", 42, 1},
        {"sides", 43, 1},
        {"rewrite", 44, 4},
        {"hops", 48, 8},
        {"tally", 56, 8},
        {"tracker", 64, 52},
        {"opened", 116, 4},
        {"holder", 120, 4},
        {"second holder", 124, 4},
        {"all", 0, 128},
    },
    {
        {"tuple: source", 0, 4},
        {"tuple: destination", 4, 4},
        {"tuple: source port", 8, 2},
        {"tuple: destination port", 10, 2},
        {"tuple: protocol", 12, 1},
        {"tuple: kind", 13, 1},
        {"tuple: zone", 14, 2},
        {"rewrite: address", 0, 2},
        {"rewrite: transport", 2, 2},
        {"hops: index", 0, 4},
        {"hops: generation", 4, 4},
        {"holding: dependents", 0, 4},
        {"holding: strangers", 4, 4},
        {"holding: note", 8, 8},
    },
    {0,  1,  2,  3,      4, 1, 2,  3, 4, 1,          2,          4,          8,
     16, 32, 64, 0x880b, 2, 1, 22, 1, 7, 0x40000007, 0x80000000, 0x40000000, 3 << 21 | 1000},
};

}  // namespace

TEST_CASE("flow record: a change of its layout is one of its number", "[flow]") {
    CHECK(kRecordLayout == kCurrent.number);
    CHECK(fields_of_record() == kCurrent.record);
    CHECK(fields_within() == kCurrent.within);
    CHECK(values() == kCurrent.values);
}

TEST_CASE("flow record: no byte of it is nobody's", "[flow]") {
    size_t end = 0;
    for (const Field& field : fields_of_record())
        if (std::strcmp(field.name, "all") != 0) {
            CHECK(field.offset == end);
            end = field.offset + field.bytes;
        }
    CHECK(end == sizeof(FlowRecord));
}

TEST_CASE("flow record: sides and the number of a tuning share a byte", "[flow]") {
    using net::Direction;
    using net::Side;
    for (const net::Sides sides :
         {net::Sides(), net::Sides(Side::Outside, Side::Inside),
          net::Sides(Side::Inside, Side::Inside), net::Sides(Side::Outside, Side::Outside)})
        for (unsigned tuning = 0; tuning <= Course::kMostTuning; ++tuning) {
            const Course course(sides, static_cast<uint8_t>(tuning));
            CHECK(course.tuning() == tuning);
            CHECK(net::Sides(course) == sides);
            for (const Direction direction : {Direction::Original, Direction::Reply}) {
                CHECK(course.enter(direction) == sides.enter(direction));
                CHECK(course.leave(direction) == sides.leave(direction));
            }
        }
}

TEST_CASE("flow record: owner, state, status and sides are read as one word", "[flow]") {
    const net::Sides sides(net::Side::Outside, net::Side::Inside);
    const Course course(sides, 9);
    FlowRecord record{};
    record.owner = 3;
    record.state.store(0x45);
    record.status.store(0x86);
    record.sides = course;
    const auto standing = std::bit_cast<Standing>(record.standing());
    CHECK(standing.owner == 3);
    CHECK(standing.state == 0x45);
    CHECK(standing.status == 0x86);
    CHECK(net::Sides(Course::of_bits(standing.sides)) == sides);
    CHECK(Course::of_bits(standing.sides).tuning() == 9);
    CHECK(standing.word() == record.standing());
}

}  // namespace flow_record_test
