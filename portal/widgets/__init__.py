"""Drawing only: data in, Streamlit's elements out, no question to anybody."""
