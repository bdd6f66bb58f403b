# Many runs of one scenario: what each measured, and what they say together.
rcs_test(outcome rcsim_core)
