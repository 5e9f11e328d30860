// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What would become of a packet, as a JSON object on one line, for programs.

#include "why/answer.h"
#include "why/answer_text.h"

#include <string>

namespace sluice::command {

std::string why_json(const why::Answer& answer, const why::AnswerWords& words);

}  // namespace sluice::command
