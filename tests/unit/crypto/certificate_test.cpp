// The key of TLS with its certificate: whole, of one another, and told by its pin.
// OpenSSL's own opinion of the pin is in integration.msa_keys.
#include "common/crypto/certificate.hpp"

#include "common/crypto/private_key.hpp"
#include "tests/support/catch.hpp"

namespace chorale::crypto {
namespace {

const Instant now{std::chrono::seconds(1'800'000'000)};

std::string fault_of(std::string_view text) {
    const auto pin = public_key_pin(Secret(to_bytes(as_bytes(text))));
    return pin ? "" : pin.error().message();
}

std::string make(const std::string& host = "api.msa.example") {
    return std::string(as_text(make_tls_pem(host, now).value().reveal()));
}

std::string key_of(const std::string& pem) {
    return pem.substr(0, pem.find("-----BEGIN CERTIFICATE"));
}
std::string certificate_of(const std::string& pem) {
    return pem.substr(pem.find("-----BEGIN CERTIFICATE"));
}

}  // namespace

TEST_CASE("A certificate is made for any name or none") {
    const std::string longest_label(63, 'a');
    const std::string longest =
        longest_label + '.' + longest_label + '.' + longest_label + '.' + std::string(45, 'b');
    for (const std::string& host : {std::string(), std::string("api.msa.example"), longest}) {
        CHECK(fault_of(make(host)).empty());
    }
}

TEST_CASE("The pin is that of the key, in either order of the two") {
    const std::string one = make();
    const std::string other = make();
    const auto pin = [](const std::string& text) {
        return public_key_pin(Secret(to_bytes(as_bytes(text)))).value();
    };
    CHECK(pin(one) == pin(one));
    CHECK(pin(one) != pin(other));
    CHECK(pin(certificate_of(one) + key_of(one)) == pin(one));
    CHECK(fault_of(key_of(one) + certificate_of(other)) ==
          "the certificate is not of the private key");
    CHECK(fault_of(certificate_of(one)) == "expected a whole private key in PEM");
    CHECK(fault_of(key_of(one)) == "expected a whole certificate in PEM beside the key");
}

TEST_CASE("A file that was cut anywhere has no pin") {
    const std::string text = make();
    CHECK(fault_of(text.substr(0, text.size() - 1)).empty());
    for (std::size_t size = 0; size + 1 < text.size(); ++size) {
        INFO(size << " of " << text.size());
        CHECK_FALSE(fault_of(text.substr(0, size)).empty());
    }
}

}  // namespace chorale::crypto
