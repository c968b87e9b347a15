package io.pgheal.bench;

import java.awt.Color;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;

/** Bars with error bars, as an image: only when {@code -Dpgheal.plots=DIRECTORY} asks for it. */
final class Plot {
    private final String title;
    private final String unit;
    private final List<String> labels = new ArrayList<>();
    private final List<Double> values = new ArrayList<>();
    private final List<Double> errors = new ArrayList<>();

    Plot(String title, String unit) {
        this.title = title;
        this.unit = unit;
    }

    /** @param error half of the interval in which the value lies */
    void bar(String label, double value, double error) {
        labels.add(label);
        values.add(value);
        errors.add(error);
    }

    void save(String name) throws IOException {
        @Nullable String directory = System.getProperty("pgheal.plots");
        if (directory == null || labels.isEmpty()) {
            return;
        }
        Files.createDirectories(Path.of(directory));
        CategoryChart chart = new CategoryChartBuilder()
                .width(960)
                .height(480)
                .title(title)
                .yAxisTitle(unit)
                .build();
        chart.getStyler().setLegendVisible(false);
        chart.getStyler().setXAxisLabelRotation(30);
        chart.getStyler().setYAxisMin(0.0);
        chart.getStyler().setYAxisDecimalPattern("#,##0.##");
        chart.getStyler().setAvailableSpaceFill(0.6);
        chart.getStyler().setChartBackgroundColor(Color.WHITE);
        chart.getStyler().setPlotGridVerticalLinesVisible(false);
        chart.addSeries(unit, labels, values, errors).setFillColor(new Color(0x2f, 0x6f, 0x9f));
        BitmapEncoder.saveBitmap(chart, Path.of(directory, name + ".png").toString(), BitmapFormat.PNG);
    }
}
