mod cases;
mod golden;
