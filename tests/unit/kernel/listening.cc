// SPDX-License-Identifier: BSD-3-Clause
#include "listening.h"
