// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Page: the picture of the gateway at work, for a browser. It is page/page.html, which stands in
/// the program as it is (page/embed.py).

#include <string_view>

namespace sluice::command {

extern const std::string_view kPage;
/// What the page may do: run its own script, known by its hash, and ask the gateway. Nothing else.
extern const std::string_view kPagePolicy;

}  // namespace sluice::command
