// SPDX-License-Identifier: BSD-3-Clause

// The fragment stage of a whole gateway, with inputs of a seed: see fragment_feed.h.

#include "fragment_feed.h"
#include "mutate.h"

using namespace sluice;
using namespace sluice::test;
using stats::Count;
using stats::Drop;

namespace {

constexpr int kInputs = 40'000;
constexpr size_t kMostFragments = 16;

void check_coverage(const FragmentFeed& feed) {
    CHECK(feed.count(Count::Fragments) > kInputs / 2);
    for (const Drop reason : {Drop::FragmentOverlap, Drop::FragmentDuplicate, Drop::FragmentTimeout,
                              Drop::FragmentInvalid, Drop::FragmentHeader, Drop::FragmentRefused,
                              Drop::FragmentUnsupported}) {
        CAPTURE(std::string(stats::drop_name(reason)));
        CHECK(feed.dropped(reason) > 100);
    }
}

}  // namespace

TEST_CASE("fragments: whatever comes, all is accounted for and nothing overlaps", "[fuzz]") {
    const unsigned workers = GENERATE(1u, 2u);
    Random random(workers);
    FragmentFeed feed(workers);
    for (int i = 0; i < kInputs; ++i) {
        Bytes input(kFragmentBytes * (1 + random() % kMostFragments));
        for (uint8_t& byte : input)
            byte = static_cast<uint8_t>(random());
        feed.feed(input);
    }
    check_coverage(feed);
}
