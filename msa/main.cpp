#include "msa/app/command_line.hpp"

int main(int argument_count, char** arguments) {
    return chorale::msa::run_command_line(argument_count, arguments);
}
