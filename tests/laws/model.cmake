# The protocol as a small model, searched through to the end (S23).
syncline_test(protocol_model law model_test.cpp model_two_way.cpp model_two_way_pass.cpp model_two_way_write.cpp
  model_mail.cpp model_mail_pass.cpp TIMEOUT 300)
