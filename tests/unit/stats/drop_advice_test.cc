// SPDX-License-Identifier: BSD-3-Clause
#include "stats/drop_advice.h"

#include "catch.h"

namespace drop_advice_test {

using namespace sluice::stats;

TEST_CASE("drop advice: each reason has a meaning and a remedy, and they are its own", "[stats]") {
    for (size_t i = 0; i < kDropCount; ++i) {
        const DropAdvice& advice = drop_advice(static_cast<Drop>(i));
        CAPTURE(drop_name(static_cast<Drop>(i)));
        CHECK_FALSE(advice.meaning.empty());
        CHECK_FALSE(advice.remedy.empty());
        CHECK(advice.meaning != advice.remedy);
    }
    CHECK(drop_advice(Drop::InvalidUntrackedFin).meaning == "A FIN from inside without a flow.");
    CHECK(drop_advice(Drop::Shutdown).remedy == "Nothing.");
}

}  // namespace drop_advice_test
