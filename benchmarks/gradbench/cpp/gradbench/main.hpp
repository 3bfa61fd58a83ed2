// Stands in for GradBench's header of this name: the same classes and functions to derive from and
// to call, but a program that reads its problem once and then times as many calls as it is asked for.
//
// On standard input: `result`, which is answered by the result as JSON, or a number of calls, which
// is answered by the seconds of processor time that they took.

#pragma once

#include "json.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cmath>
#include <ctime>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <vector>

template <typename In, typename Out> class Function {
protected:
  In& _input;

public:
  using Input  = In;
  using Output = Out;
  explicit Function(Input& given) : _input(given) {}
  virtual ~Function()                  = default;
  virtual void compute(Output& result) = 0;
};

template <typename Derivative> int function_main(const std::string& path) {
  std::ifstream file(path);
  auto problem = nlohmann::json::parse(file).template get<typename Derivative::Input>();

  Derivative                  derivative(problem);
  typename Derivative::Output result;
  derivative.compute(result);

  for (std::string line; std::getline(std::cin, line);) {
    if (line == "result") {
      std::cout << nlohmann::json(result) << std::endl;
      continue;
    }
    const long         calls   = std::stol(line);
    const std::clock_t started = std::clock();
    for (long k = 0; k < calls; k++) derivative.compute(result);
    std::cout << double(std::clock() - started) / CLOCKS_PER_SEC << std::endl;
  }
  return 0;
}

using Serve = int (*)(const std::string&);

int generic_main(int count, char* arguments[], std::map<std::string, Serve>&& functions) {
  if (count != 3 || !functions.count(arguments[2])) return 2;
  return functions[arguments[2]](arguments[1]);
}
