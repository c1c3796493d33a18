-- The demonstration's products. A product that is there already stays as it is, stock included.

INSERT INTO products (shelf, sku, name, price_amount, stock, image, description) VALUES
    (1, 'MUG', 'Morning Mug', 1450, 40, 'images/mug.svg',
     'Stoneware with a speckled glaze. Holds 35 cl and the first quiet minutes of the day.'),
    (2, 'TEAPOT', 'Rounded Teapot', 3900, 12, 'images/teapot.svg',
     'Pours without a drip and keeps four cups warm for as long as the talk lasts.'),
    (3, 'NOTEBOOK', 'Field Notebook', 1200, 80, 'images/notebook.svg',
     'A hundred dotted pages, sewn so that it lies flat, with a band that keeps it shut.'),
    (4, 'LAMP', 'Evening Lamp', 6900, 8, 'images/lamp.svg',
     'A warm, dimmable light under a shade of linen. For the last chapter.'),
    (5, 'PLANT', 'Patient Plant', 2400, 15, 'images/plant.svg',
     'A rubber fig in a clay pot. Asks for water on Sundays and forgives a forgotten one.'),
    (6, 'TOTE', 'Canvas Tote', 1800, 60, 'images/tote.svg',
     'Heavy cotton with long handles. Carries a week of groceries or eleven books.'),
    (7, 'CANDLE', 'Cedar Candle', 1650, 25, 'images/candle.svg',
     'Soy wax with cedar and a little smoke. Burns for about forty hours.'),
    (8, 'CLOCK', 'Unhurried Clock', 5200, 3, 'images/clock.svg',
     'One hand, no ticking. Right to within five minutes, which is nearly always enough.')
ON CONFLICT (sku) DO NOTHING
RETURNING sku;
