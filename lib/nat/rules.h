// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The rules that the NAT goes by are the policy's (policy/rules.h); these are their names here.

#include "policy/rules.h"

namespace sluice::nat {

using policy::Filtering;
using policy::Independence;
using policy::ProtocolPorts;
using policy::Rule;
using policy::RuleParams;
using policy::Rules;

}  // namespace sluice::nat
