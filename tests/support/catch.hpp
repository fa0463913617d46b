// The one place that knows which Catch2 it is: Debian 12 has 2.13, later ones 3.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
