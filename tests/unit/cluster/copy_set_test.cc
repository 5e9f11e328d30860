// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/copy_set.h"

#include "catch.h"
#include "flow/flow_record.h"

#include <vector>

namespace copy_set_test {

using namespace sluice;
using namespace sluice::cluster;
using sync::Change;
using sync::Owned;

namespace {

const Be32 kFirst = Be32::from_host(0xc6336401);
const Be32 kSecond = Be32::from_host(0xc6336402);
const Owned kOwnedFirst{.address = kFirst, .revision = 5};
const Owned kOwnedSecond{.address = kSecond, .revision = 6};

sync::Record record(uint32_t index, Be32 address, flow::Kind kind = flow::Kind::Flow) {
    sync::Record record;
    record.tuple[1].destination = address;
    record.tuple[0].kind = static_cast<uint8_t>(kind);
    record.index = index;
    record.generation = 1;
    record.age = 100;
    return record;
}

/// What a gateway tells, heard by a set.
class Told {
public:
    explicit Told(size_t most = 100) : room{.most = most}, set({kOwnedSecond, kOwnedFirst}, room) {
        out_.add(sync::Hello());
        hear();
    }

    void hear(Moment now = {}) {
        incoming_.add(out_.bytes());
        out_.sent(out_.size());
        for (auto message = incoming_.take(); *message; message = incoming_.take())
            set.hear(**message, now);
    }
    template <typename T>
    void hear(const T& told, Moment now = {}) {
        out_.add(told);
        hear(now);
    }
    void complete() {
        out_.complete();
        hear();
    }

    CopyRoom room;
    CopySet set;

private:
    sync::Outgoing out_;
    sync::Incoming incoming_;
};

std::vector<uint32_t> indexes(const std::vector<Change>& changes) {
    std::vector<uint32_t> all;
    for (const Change& change : changes)
        if (change.what == Change::What::Put)
            all.push_back(change.record.index);
    return all;
}

}  // namespace

TEST_CASE("copy set: what goes by an address is taken out once, and the rest stays") {
    Told told;
    told.hear(record(1, kFirst));
    told.hear(record(2, kSecond));
    told.complete();
    CHECK(told.set.is_whole());
    CHECK(told.set.size() == 2);
    const auto changes = told.set.take(std::vector{kOwnedFirst}, {});
    CHECK(changes.front().what == Change::What::Begin);
    CHECK(changes.back().what == Change::What::Complete);
    CHECK(indexes(changes) == std::vector<uint32_t>{1});
    CHECK(told.set.owned() == std::vector{kOwnedSecond});
    CHECK(told.room.used == 1);
    CHECK(indexes(told.set.take(std::vector{kOwnedSecond}, {})) == std::vector<uint32_t>{2});
    CHECK(told.room.used == 0);
}

TEST_CASE("copy set: what others hang on comes before them") {
    Told told;
    told.hear(record(1, kFirst));
    told.hear(record(2, kFirst, flow::Kind::Mapping));
    told.hear(record(3, kFirst, flow::Kind::Block));
    CHECK(indexes(told.set.take(std::vector{kOwnedFirst}, {})) == std::vector<uint32_t>{3, 2, 1});
}

TEST_CASE("copy set: it has what was told last, and nothing of what has ended") {
    Told told;
    told.hear(record(1, kFirst));
    sync::Record later = record(1, kFirst);
    later.generation = 2;
    later.left = 77;
    told.hear(later);
    told.hear(sync::End{1, 1});  // of the flow before
    CHECK(told.set.size() == 1);
    const auto changes = told.set.take(std::vector{kOwnedFirst}, {});
    REQUIRE(changes.size() == 3);
    CHECK(changes[1].record.left == 77);
    told.hear(record(2, kSecond));
    told.hear(sync::End{2, 1});
    CHECK(told.set.size() == 0);
    CHECK(told.room.used == 0);
}

TEST_CASE("copy set: a record has grown older since it was told, and its deadline is not nearer") {
    Told told;
    sync::Record young = record(1, kFirst);
    young.left = 5000;
    told.hear(young, std::chrono::seconds(10));
    const auto changes = told.set.take(std::vector{kOwnedFirst}, std::chrono::seconds(12));
    REQUIRE(changes.size() == 3);
    CHECK(changes[1].record.age == 2100);
    CHECK(changes[1].record.left == 5000);
}

TEST_CASE("copy set: what finds no room is counted, and gets some when others have ended") {
    Told told(2);
    for (uint32_t i = 0; i < 3; ++i)
        told.hear(record(i, kFirst));
    CHECK(told.set.size() == 2);
    CHECK(told.room.refused == 1);
    told.hear(record(1, kFirst));  // it is there
    CHECK(told.room.refused == 1);
    told.hear(sync::End{0, 1});
    told.hear(record(2, kFirst));
    CHECK(told.room.refused == 1);
    CHECK(told.room.used == 2);
}

TEST_CASE("copy set: nothing is kept where all its addresses have other owners") {
    Told told;
    told.hear(record(1, kFirst));
    told.set.forget(std::vector{kOwnedFirst});
    CHECK(told.set.size() == 1);
    told.set.forget(std::vector{kOwnedSecond});
    CHECK(told.set.size() == 0);
    CHECK(told.room.used == 0);
    told.hear(record(2, kFirst));
    CHECK(told.set.size() == 0);
    CHECK(told.room.refused == 0);
}

TEST_CASE("copy set: a set that is thrown away leaves its room to others") {
    CopyRoom room{.most = 10};
    {
        CopySet set({kOwnedFirst}, room);
        sync::Outgoing out;
        out.add(sync::Hello());
        out.add(record(1, kFirst));
        sync::Incoming incoming;
        incoming.add(out.bytes());
        for (auto message = incoming.take(); *message; message = incoming.take())
            set.hear(**message, {});
        CHECK(room.used == 1);
    }
    CHECK(room.used == 0);
}

}  // namespace copy_set_test
