// The name of an agent must be good for everything that is derived from it.
#include "msa/app/identity.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/base/result_text.hpp"

namespace chorale::msa {
namespace {

std::string fault_of(std::string_view text) {
    const auto identity = Identity::from_text(text);
    return identity ? "" : identity.error().message();
}

const std::string label(63, 'a');

}  // namespace

TEST_CASE("Names of hosts are identities, with or without final dot") {
    for (const char* text : {"msa.example.", "msa.example", "MSA-1.Example.", "_msa.example.",
                             "xn--mller-kva.example.", "example.", "1.2.3.4"}) {
        INFO(text);
        CHECK(fault_of(text).empty());
    }
    const Identity identity = Identity::from_text("Msa.example").value();
    CHECK(identity.dns_host().to_text() == "dns.Msa.example.");
    CHECK(identity.api_host().to_text() == "api.Msa.example.");
    CHECK(identity.below("_443._tcp.api").to_text() == "_443._tcp.api.Msa.example.");
    CHECK(Identity::to_uri("dns", identity.dns_host(), 5399) == "dns://dns.Msa.example:5399/");
}

TEST_CASE("Other names are no identities, and it is said why") {
    using Catch::Contains;
    CHECK_THAT(fault_of("."), Contains("got the root"));
    for (const char* text : {"a/b.example.", "a\\032b.example.", "*.example.", "-a.example.",
                             "a-.example.", "m\xc3\xbcller.example.", "a\\.b.example.",
                             "user@host.example.", "[::1]", "msa.example:53"}) {
        INFO(text);
        CHECK_THAT(fault_of(text), Contains("expected labels of letters"));
    }
    for (const char* text : {"", "..", "a..example.", ".example.", "a b.example."}) {
        INFO(text);
        CHECK_FALSE(fault_of(text).empty());
    }
    CHECK_FALSE(fault_of(label + "a.example.").empty());
}

TEST_CASE("An identity leaves room for the longest name below which its records stand") {
    // 3 * 64 + 46 + 1 = 239 octets, and one more.
    const std::string most = label + '.' + label + '.' + label + '.' + std::string(45, 'b') + '.';
    const auto identity = Identity::from_text(most);
    REQUIRE(identity);
    CHECK(identity->below("_65535._tcp.api").wire().size() == dns::max_name_octets);
    CHECK_THAT(fault_of("b" + most.substr(192) + most.substr(0, 192)),
               Catch::Contains("expected a name of at most 239 octets"));
}

}  // namespace chorale::msa
