// Zoo
