// Keys on disk: all or none, never replaced, read only when whole and ours alone.
#include "msa/app/key_directory.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "common/runtime/files.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/base/file_size_limit.hpp"
#include "tests/unit/base/result_text.hpp"
#include "tests/unit/base/scratch.hpp"

namespace chorale::msa {
namespace {

const Instant now{std::chrono::seconds(1'800'000'000)};

Identity identity() { return Identity::from_text("msa.example.").value(); }

// Names and contents.
std::map<std::string, std::string> files_in(const std::string& directory) {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
        std::ifstream file(entry.path(), std::ios::binary);
        files[entry.path().filename()] = {std::istreambuf_iterator<char>(file), {}};
    }
    return files;
}

unsigned mode_of(const std::string& path) {
    struct stat status{};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    return status.st_mode & 07777U;
}

void write(const std::string& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
    REQUIRE(::chmod(path.c_str(), 0600) == 0);
}

KeyRequest in(const std::string& directory) {
    KeyRequest request;
    request.directory = directory;
    return request;
}

}  // namespace

TEST_CASE("Both keys are made, for their owner only, and read again") {
    const Scratch scratch;
    for (const auto algorithm :
         {crypto::Sig0Algorithm::ed25519, crypto::Sig0Algorithm::ecdsap256sha256}) {
        KeyRequest request = in(scratch.file("keys" + std::to_string(int(algorithm))));
        request.identity = identity();
        request.algorithm = algorithm;
        const auto umask_before = ::umask(0);
        const auto made = make_keys(request, now);
        ::umask(umask_before);
        REQUIRE(made);
        CHECK(made->size() == 2);
        CHECK(mode_of(request.directory) == 0700);
        CHECK(files_in(request.directory).size() == 2);
        for (const MadeKey& key : *made) CHECK(mode_of(key.path) == 0600);
        const auto key = read_sig0_key(request.directory, identity());
        REQUIRE(key);
        CHECK(key->algorithm() == algorithm);
        CHECK(key->signer().to_text() == "dns.msa.example.");
        CHECK(read_tls_pin(request.directory).has_value());
    }
}

TEST_CASE("A key that is there stays, and no other is made beside it") {
    for (const KeyFile file : {KeyFile::sig0, KeyFile::tls}) {
        const Scratch scratch;
        write(path_of(scratch.directory(), file), "precious");
        const auto made = make_keys(in(scratch.directory()), now);
        REQUIRE_FALSE(made);
        CHECK(made.error().kind() == ErrorKind::conflict);
        CHECK_THAT(made.error().message(),
                   Catch::StartsWith(path_of(scratch.directory(), file) + ": exists already"));
        const auto files = files_in(scratch.directory());
        REQUIRE(files.size() == 1);
        CHECK(files.begin()->second == "precious");

        // The other one alone can be made.
        KeyRequest request = in(scratch.directory());
        request.only = file == KeyFile::sig0 ? KeyFile::tls : KeyFile::sig0;
        CHECK(make_keys(request, now).has_value());
        CHECK(make_keys(request, now).error().kind() == ErrorKind::conflict);
        CHECK(files_in(scratch.directory()).size() == 2);
    }
}

TEST_CASE("Where a key cannot be written whole, none is left") {
    const Scratch scratch;
    // The SIG(0) key is smaller than 400 octets, the key with certificate larger.
    for (const unsigned room : {0U, 50U, 400U}) {
        const auto made = [&] {
            const FileSizeLimit limit(room);
            return make_keys(in(scratch.directory()), now);
        }();
        REQUIRE_FALSE(made);
        CHECK(made.error().kind() == ErrorKind::storage);
        CHECK_THAT(made.error().message(), Catch::Contains(".pem: write: "));
        CHECK(files_in(scratch.directory()).empty());
    }
    CHECK(make_keys(in(scratch.directory()), now).has_value());
}

TEST_CASE("Keys are made only where others may not write") {
    const Scratch scratch;
    CHECK(make_keys(in(scratch.file("missing/keys")), now).error().kind() == ErrorKind::storage);
    write(scratch.file("file"), "");
    CHECK_THAT(make_keys(in(scratch.file("file")), now).error().message(),
               Catch::EndsWith("expected a directory"));
    for (const unsigned mode : {0720U, 0702U, 01777U}) {
        REQUIRE(::chmod(scratch.directory().c_str(), mode) == 0);
        const auto made = make_keys(in(scratch.directory()), now);
        REQUIRE_FALSE(made);
        CHECK(made.error().kind() == ErrorKind::refused);
    }
    REQUIRE(::chmod(scratch.directory().c_str(), 0750) == 0);
    CHECK(make_keys(in(scratch.directory()), now).has_value());
}

TEST_CASE("A key file is read only if it is whole and nobody else's business") {
    const Scratch scratch;
    const std::string directory = scratch.directory();
    CHECK(read_sig0_key(directory, identity()).error().kind() == ErrorKind::not_found);
    CHECK(read_tls_pin(directory).error().kind() == ErrorKind::not_found);
    REQUIRE(make_keys(in(directory), now));
    const auto read = [&](KeyFile file) {
        if (file == KeyFile::sig0) {
            const auto key = read_sig0_key(directory, identity());
            return key ? std::string() : key.error().message();
        }
        const auto pin = read_tls_pin(directory);
        return pin ? std::string() : pin.error().message();
    };
    for (const KeyFile file : {KeyFile::sig0, KeyFile::tls}) {
        const std::string path = path_of(directory, file);
        const std::string whole = runtime::read_text_file(path).value();
        CHECK(read(file).empty());
        REQUIRE(::chmod(path.c_str(), 0640) == 0);
        CHECK_THAT(read(file), Catch::Contains(path) && Catch::Contains("set its mode to 0600"));
        for (const std::size_t size :
             {std::size_t{0}, std::size_t{30}, whole.size() / 2, whole.size() - 10}) {
            write(path, std::string_view(whole).substr(0, size));
            INFO(size);
            CHECK_THAT(read(file), Catch::StartsWith(path + ": "));
        }
        write(path, whole);
        CHECK(read(file).empty());
    }
}

}  // namespace chorale::msa
