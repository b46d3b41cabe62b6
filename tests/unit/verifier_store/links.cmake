# The suite that runs the same tests over each back end.
add_library(verifier_store_suite STATIC ${folder}/suite.c)
target_link_libraries(verifier_store_suite PUBLIC test_support room_verifier_store)
set(verifier_store_links verifier_store_suite)
