#include "combiner/app/command_line.hpp"

int main(int argument_count, char** arguments) {
    return chorale::combiner::run_command_line(argument_count, arguments);
}
